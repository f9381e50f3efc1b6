"""Where an instance is found: a draft lives below its content, and its sockets are tracked by its own name."""

from pathlib import Path

from runners.backends.fake import NOWHERE
from runners.contract import Handle
from runners.kinds import catalog
from server.instances.live import Live, Place, StartProblem
from tests.unit.server.instances.rig import FakeLink


def test_places():
    assert Place("g", 7).base_path == "/content/g"
    assert Place("g", 7, draft=True).base_path == "/content/g/_bundle7"
    assert len({Place("g", 7), Place("g", 7, draft=True), Place("g", 8), Place("g", 7)}) == 3


def test_a_tag_names_the_instance_and_not_the_content():
    kind = catalog.by_mode("python-streamlit")
    assert kind is not None

    def live(key: str) -> Live:
        handle = Handle(key, 1, 1, NOWHERE, Path("/log"))
        return Live(key, Place("g", 7), kind, handle, FakeLink("h", 1), Path("/run"))

    assert live("a").tag == "instance:a"
    assert live("a").tag != live("b").tag


def test_a_problem_says_only_what_everybody_may_read():
    assert str(StartProblem("It ended.", "CANARY")) == "It ended."
