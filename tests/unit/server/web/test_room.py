"""A room is found by its name; a name that leads nowhere is a sentence that names the setting."""

import sys
from types import ModuleType

import pytest

from server.web.room import NoSuchRoom, load


def test_a_room_by_name(monkeypatch):
    module = ModuleType("some_room")
    module.room = lambda services: [services]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "some_room", module)
    assert load("some_room:room")("s") == ["s"]


@pytest.mark.parametrize("name", ["no_such_module:room", "json:no_such_room", "json", "", ":room", "json:"])
def test_names_that_lead_nowhere(name: str):
    with pytest.raises(NoSuchRoom) as caught:
        load(name)
    assert str(caught.value).startswith(f'The setting dashboard names "{name}", which cannot be imported (')
