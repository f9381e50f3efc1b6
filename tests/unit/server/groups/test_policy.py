"""The whole table of who may see and change a group."""

import pytest

from server.groups.policy import may_manage, may_see, sees_all
from server.web.caller import Caller


@pytest.mark.parametrize(
    ("role", "owns", "inside", "sees", "manages"),
    [
        ("viewer", False, False, False, False),
        ("viewer", False, True, True, False),
        # An owner who is a viewer now, or who shows a viewer's key.
        ("viewer", True, False, False, False),
        ("publisher", False, False, True, False),
        ("publisher", True, False, True, True),
        ("administrator", False, False, True, True),
    ],
)
def test_the_table(role: str, owns: bool, inside: bool, sees: bool, manages: bool):
    caller = Caller(user_id=1, guid="x", role=role, via="key", groups=frozenset({"g"} if inside else ()))
    assert may_see(caller, "g") is sees
    assert may_manage(caller, 1 if owns else 2) is manages
    assert sees_all(caller) is (role != "viewer")


def test_a_group_without_an_owner_is_nobodys():
    assert not may_manage(Caller(role="publisher"), None)
