"""Who may use an integration, by name; every change is in the audit trail."""

import pytest

from server.db.models import AuditEvent, User
from server.groups import store as groups
from server.oauth import permissions
from server.oauth.allowed import Allowed
from server.web.errors import ApiError
from tests.unit.server.vault.house import House


@pytest.fixture
def allowed(house: House) -> Allowed:
    return Allowed(house.db, house.integrations, house.trail)


async def test_people_and_groups_come_and_go(house: House, allowed: Allowed) -> None:
    ada, pat = await house.person("ada", "administrator"), await house.person("pat", "publisher")
    row = await house.integration(ada)
    group = await house.db.write(lambda s: groups.add(s, "Sales", ada.id))
    told: list[None] = []
    house.integrations.when_changed(lambda: told.append(None))
    assert await allowed.of(row) == ()
    await allowed.add(ada.caller, row.guid, "PAT")
    assert await allowed.add(ada.caller, row.guid, "Sales") == "Everybody in Sales"
    row = await house.integrations.get(row.guid)
    first, second = await allowed.of(row)
    assert (first.username, second.name, second.members) == ("pat", "Sales", 0)
    assert permissions.may_use(pat.caller, row)
    for typed in ("pat", "nobody"):
        with pytest.raises(ApiError):
            await allowed.add(ada.caller, row.guid, typed)
    assert await allowed.remove(ada.caller, row.guid, first.guid) == 1
    with pytest.raises(ApiError):
        await allowed.remove(ada.caller, row.guid, first.guid)
    assert not permissions.may_use(pat.caller, await house.integrations.get(row.guid))
    await house.trail.aclose()
    edits = [event.data for event in house.rows(AuditEvent) if event.action == "edit_oauth_integration"]
    assert [edit.get("added") or edit.get("removed") for edit in edits] == [pat.guid, group.guid, pat.guid]
    assert len(told) == 3


async def test_a_full_list_and_people_who_are_gone(
    house: House, allowed: Allowed, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, pat = await house.person("ada", "administrator"), await house.person("pat", "publisher")
    row = await house.integration(ada)
    await allowed.add(ada.caller, row.guid, "pat")
    monkeypatch.setattr(permissions, "MOST", 1)
    with pytest.raises(ApiError, match="full"):
        await allowed.add(ada.caller, row.guid, "ada")
    with house.change(User) as users:
        next(user for user in users if user.guid == pat.guid).guid = "gone"
    [entry] = await allowed.of(await house.integrations.get(row.guid))
    assert entry.gone
