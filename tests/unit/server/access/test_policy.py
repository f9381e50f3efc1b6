"""The whole table of who is what to a content item."""

from types import MappingProxyType

import pytest

from server.access import policy
from server.access.policy import Allowed, Denied, SignInFirst, decide, may_edit, may_read_record, may_view, standing
from server.content.view import ContentView
from server.web.caller import ANONYMOUS, Caller


def view(access_type: str = "acl", **people: str) -> ContentView:
    return ContentView(
        id=1, guid="c", name="n", title="t", owner_id=9, owner_guid="owner", owner_name="O", access_type=access_type,
        app_mode="python-streamlit", bundle_id=1, locked=False, locked_message="", people=MappingProxyType(people),
    )  # fmt: skip


def who(guid: str, role: str = "viewer", via: str = "session", content: str | None = None) -> Caller:
    return Caller(user_id=1, guid=guid, role=role, via=via, content_guid=content)  # type: ignore[arg-type]


TABLE = [
    # caller, access type, people, standing, view, edit, record
    (ANONYMOUS, "acl", {}, "none", False, False, False),
    (ANONYMOUS, "logged_in", {}, "none", False, False, False),
    (ANONYMOUS, "all", {}, "viewer", True, False, False),
    (who("owner", "publisher"), "acl", {}, "owner", True, True, True),
    (who("x"), "acl", {}, "none", False, False, False),
    (who("x"), "logged_in", {}, "viewer", True, False, True),
    (who("x"), "all", {}, "viewer", True, False, True),
    (who("x"), "acl", {"x": "viewer"}, "viewer", True, False, True),
    (who("x"), "acl", {"y": "owner"}, "none", False, False, False),
    (who("x", "publisher"), "acl", {}, "none", False, False, False),
    (who("x", "publisher"), "acl", {"x": "viewer"}, "viewer", True, False, True),
    (who("x", "publisher"), "acl", {"x": "owner"}, "editor", True, True, True),
    (who("x", "viewer"), "acl", {"x": "owner"}, "viewer", True, False, True),
    (who("x", "publisher"), "all", {"x": "owner"}, "editor", True, True, True),
    (who("a", "administrator"), "acl", {}, "none", False, True, True),
    (who("a", "administrator"), "logged_in", {}, "viewer", True, True, True),
    (who("owner", "publisher", "content", "c"), "acl", {}, "owner", True, True, True),
    (who("owner", "publisher", "content", "other"), "acl", {}, "none", False, False, False),
    (who("owner", "publisher", "content", "other"), "all", {}, "none", False, False, False),
    (who("owner", "administrator", "content", "other"), "acl", {}, "none", False, False, False),
]


@pytest.mark.parametrize(("caller", "access_type", "people", "found", "sees", "edits", "reads"), TABLE)
def test_the_table(
    caller: Caller, access_type: str, people: dict[str, str], found: str, sees: bool, edits: bool, reads: bool
):
    item = view(access_type, **people)
    assert standing(caller, item) == found
    assert may_view(caller, item) is sees
    assert may_edit(caller, item) is edits
    assert may_read_record(caller, item) is reads


def test_decisions():
    assert isinstance(decide(ANONYMOUS, view()), SignInFirst)
    assert isinstance(decide(ANONYMOUS, view("all")), Allowed)
    assert decide(who("x"), view()) == Denied(who("x"))
    allowed = decide(who("owner"), view())
    assert isinstance(allowed, policy.Allowed)
    assert allowed.standing == "owner"


def test_nobody_is_not_the_owner_of_content_without_one():
    nobody = ContentView(**{**vars(view()), "owner_guid": ""})
    assert standing(ANONYMOUS, nobody) == "none"
