"""The little that view models compute themselves."""

import pytest

from server.pages.views import Person


@pytest.mark.parametrize(
    ("name", "username", "initials"),
    [
        ("Alice Martin", "alice", "AM"),
        ("Ada", "ada", "A"),
        ("", "bob", "B"),
        ("Jean de la Tour", "jt", "JT"),
        ("ß ö", "x", "SSÖ"),
        ("***", "", "?"),
        ("  ", "_", "?"),
    ],
)
def test_initials(name: str, username: str, initials: str) -> None:
    assert Person(name=name, username=username, role="viewer").initials == initials


@pytest.mark.parametrize(("role", "publishes"), [("administrator", True), ("publisher", True), ("viewer", False)])
def test_publishes(role: str, publishes: bool) -> None:
    assert Person(name="A", username="a", role=role).publishes is publishes  # type: ignore[arg-type]
