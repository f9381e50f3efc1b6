"""An integration's own access list: who may use it, and what a list may say."""

import uuid
from dataclasses import replace
from typing import Any

import pytest

from server.accounts import store as accounts
from server.db.engine import Database
from server.db.models import Integration
from server.groups import store as groups
from server.oauth.permissions import checked, may_use
from server.web.caller import ANONYMOUS, Caller
from server.web.errors import ApiError


def caller(role: str, guid: str = "me") -> Caller:
    return Caller(user_id=1, guid=guid, role=role, via="session")


@pytest.mark.parametrize(
    ("listed", "allowed"),
    [
        ([], {"publisher", "administrator"}),
        (["someone"], {"administrator"}),
        (["someone", "me"], {"publisher", "administrator"}),
    ],
)
def test_who_may_use_it(listed: list[str], allowed: set[str]):
    row = Integration(guid="i", permissions=[{"user_guid": guid, "group_guid": None} for guid in listed])
    assert {role for role in ("viewer", "publisher", "administrator") if may_use(caller(role), row)} == allowed
    assert not may_use(ANONYMOUS, row)


def test_a_list_is_stored_once_a_person(db: Database):
    ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher")).guid
    given = [{"user_guid": ann.upper()}, {"user_guid": ann, "group_guid": None}]
    (entry,) = db.read_now(checked, given)
    assert (entry["id"], entry["user_guid"], entry["group_guid"]) == ("1", ann, None)
    assert str(uuid.UUID(entry["guid"])) == entry["guid"]
    assert db.read_now(checked, None) == db.read_now(checked, []) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, 25), (["x"], 25), ([{}] * 1001, 25), ([{"user_guid": "x"}], 261), ([{}], 261), ([{"user_guid": 7}], 261),
        ([{"user_guid": "x", "group_guid": "g"}], 262),
    ],
)  # fmt: skip
def test_what_no_list_says(db: Database, given: Any, code: int):
    with pytest.raises(ApiError) as caught:
        db.read_now(checked, given)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_a_group_on_the_list_stands_for_those_who_are_in_it(db: Database):
    ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
    guid = db.write_now(groups.add, "Friends", ann.id).guid
    entries = db.read_now(
        checked,
        [
            {"user_guid": None, "group_guid": guid.upper()},
            {"user_guid": ann.guid, "group_guid": None},
            {"group_guid": guid},
        ],
    )
    assert [(e["id"], e["user_guid"], e["group_guid"]) for e in entries] == [("1", None, guid), ("2", ann.guid, None)]
    row = Integration(guid="i", permissions=entries[:1])
    inside = replace(caller("publisher"), groups=frozenset({guid}))
    assert may_use(inside, row)
    assert not may_use(caller("publisher"), row)
    assert not may_use(replace(inside, role="viewer"), row)


@pytest.mark.parametrize("given", [{"group_guid": str(uuid.uuid4())}, {"group_guid": "\0"}, {"group_guid": 1},
                                   {"group_guid": str(uuid.uuid4()), "user_guid": str(uuid.uuid4())}])  # fmt: skip
def test_groups_that_are_not(db: Database, given: dict[str, Any]):
    with pytest.raises(ApiError) as refused:
        db.read_now(checked, [given])
    assert (refused.value.status, refused.value.code) == (400, 262)
