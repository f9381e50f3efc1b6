"""The whole table of who is what to a content item."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access import policy
from server.access.policy import Allowed, Denied, SignInFirst, decide, may_edit, may_read_record, may_view, standing
from server.content.view import ContentView
from server.web.caller import ANONYMOUS, Caller


def view(access_type: str = "acl", **people: str) -> ContentView:
    return ContentView(
        id=1, guid="c", name="n", title="t", owner_id=9, owner_guid="owner", owner_name="O", access_type=access_type,
        app_mode="python-streamlit", bundle_id=1, locked=False, locked_message="", people=MappingProxyType(people),
    )  # fmt: skip


ROLES = ("viewer", "publisher", "administrator")
GUIDS = ("owner", "x", "y")
entries = st.dictionaries(st.sampled_from(GUIDS[1:]), st.sampled_from(("viewer", "owner")))
group_entries = st.dictionaries(st.sampled_from("gh"), st.sampled_from(("viewer", "owner")))
callers = st.builds(
    Caller,
    user_id=st.just(1),
    guid=st.sampled_from(GUIDS),
    role=st.sampled_from(ROLES),
    via=st.sampled_from(("session", "key", "visitor")),
    groups=st.frozensets(st.sampled_from("ghi")),
)
views = st.builds(
    lambda access_type, people, groups: replace(view(access_type, **people), groups=groups),
    st.sampled_from(("acl", "logged_in", "all")),
    entries,
    group_entries,
)


@given(callers, views)
def test_every_standing_follows_from_what_is_listed(caller: Caller, item: ContentView):
    grants = [role for guid, role in item.people.items() if guid == caller.guid]
    grants += [role for group, role in item.groups.items() if group in caller.groups]
    if caller.guid == item.owner_guid:
        expected = "owner"
    elif "owner" in grants and caller.role != "viewer":
        expected = "editor"
    elif grants or item.access_type != "acl":
        expected = "viewer"
    else:
        expected = "none"
    assert standing(caller, item) == expected
    edits = expected in ("owner", "editor") and caller.role != "viewer"
    assert may_edit(caller, item) is (edits or caller.role == "administrator")


@given(callers, views, st.sampled_from("ghi"))
def test_leaving_a_group_gives_nobody_more_and_joining_nobody_less(caller: Caller, item: ContentView, group: str):
    strength = ["none", "viewer", "editor", "owner"].index
    outside = replace(caller, groups=caller.groups - {group})
    inside = replace(caller, groups=caller.groups | {group})
    assert strength(standing(outside, item)) <= strength(standing(inside, item))
    without = replace(item, groups={g: role for g, role in item.groups.items() if g != group})
    assert standing(inside, without) == standing(outside, without) == standing(outside, item)


@given(views, st.frozensets(st.sampled_from("gh")))
def test_groups_open_nothing_for_nobody_nor_for_another_app(item: ContentView, groups: frozenset[str]):
    assert may_view(replace(ANONYMOUS, groups=groups), item) is (item.access_type == "all")
    assert standing(replace(who("x", "administrator", "content", "other"), groups=groups), item) == "none"


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
