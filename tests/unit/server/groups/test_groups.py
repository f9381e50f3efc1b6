"""Who hears of a changed group, and what a deleted one leaves."""

from typing import Any

import pytest
from sqlmodel import Session, select

from server.access import store as access
from server.db.models import EnvironmentPermission, ExecutionEnvironment, Integration
from server.groups.groups import Groups
from server.web.errors import ApiError
from server.web.paging import Paging
from tests.unit.server.groups.desk import Desk


async def test_members_hear_of_what_concerns_them(desk: Desk):
    guid = await desk.made()
    viewer = desk.who["viewer"].guid
    assert desk.told == []
    await desk.add("owner", guid, "viewer")
    await desk.call("owner", "PATCH", f"/v1/groups/{guid}", {"name": "Others"})
    await desk.leave("owner", guid, "viewer")
    assert desk.told == [frozenset({viewer})] * 3
    await desk.call("owner", "PATCH", f"/v1/groups/{guid}", {"owner_guid": desk.who["admin"].guid})
    assert len(desk.told) == 3


def integration(desk: Desk, *entries: dict[str, Any]) -> int:
    row = Integration(
        guid=f"i{len(entries)}", template="custom", auth_type="Viewer", sealed_secrets=b"", fingerprint="",
        permissions=list(entries),
    )  # fmt: skip

    def write(session: Any) -> int:
        session.add(row)
        session.flush()
        return row.id or 0

    return desk.db.write_now(write)


def execution_environment(session: Session, group_guid: str) -> None:
    row = ExecutionEnvironment(guid="e", title="t", name="n", cluster_name="Kubernetes")
    session.add(row)
    session.flush()
    for number, (user, group) in enumerate((("u", None), (None, group_guid))):
        entry = {"environment_id": row.id, "user_guid": user, "group_guid": group}
        session.add(EnvironmentPermission(guid=str(number), **entry))


async def test_a_deleted_group_is_in_no_list_any_more(desk: Desk):
    groups: Groups = desk.groups
    guid, view = await desk.made(members=("viewer",)), desk.standing.view
    desk.db.write_now(access.put, view.id, view.owner_guid, guid, "viewer", "group")
    both = integration(desk, {"user_guid": None, "group_guid": guid}, {"user_guid": "u", "group_guid": None})
    desk.db.write_now(execution_environment, guid)
    before = len(desk.db.read_now(access.entries, view.id))
    desk.told.clear()
    await groups.delete(desk.who["owner"], guid)
    assert len(desk.db.read_now(access.entries, view.id)) == before - 1
    assert desk.db.read_now(lambda s: s.exec(select(EnvironmentPermission.group_guid)).all()) == [None]
    left = desk.db.read_now(lambda s: s.get(Integration, both).permissions)
    assert left == [{"user_guid": "u", "group_guid": None}]
    assert (desk.told, desk.forgotten[-1:]) == ([frozenset({desk.who["viewer"].guid})], [view.guid])
    assert await groups.page(desk.who["admin"], paging=Paging()) == ([], 0)


async def test_an_integration_is_not_opened_to_everybody_by_deleting_its_group(desk: Desk):
    guid = await desk.made()
    integration(desk, {"user_guid": None, "group_guid": guid})
    with pytest.raises(ApiError) as refused:
        await desk.groups.delete(desk.who["owner"], guid)
    assert (refused.value.status, refused.value.code) == (409, 20)
    assert (await desk.groups.one(desk.who["owner"], guid)).name == "Friends"
