"""Which content may use what: asked from memory, true after every change, and refused with the right number."""

import pytest

from server.content import store as content
from server.oauth.integrations import Draft
from server.web.errors import ApiError
from tests.unit.server.vault.house import House, Person, config


async def refused(house: House, actor: Person, guid: str, wanted: list[str]) -> tuple[int, int]:
    view = await house.directory.by_guid(guid)
    assert view is not None
    with pytest.raises(ApiError) as caught:
        await house.associations.replace(actor.caller, view, wanted)
    return caught.value.status, caught.value.code


async def test_warm_it_asks_no_database_and_every_change_is_seen(house: House, monkeypatch):
    admin = await house.person("admin", "administrator")
    row, app = await house.integration(admin), await house.content(admin)
    told: list[str] = []
    house.associations.when_changed(told.append)
    assert await house.associations.for_content(app.guid) == ()
    await house.associate(admin, app, row)
    assert told == [app.guid]
    assert [a.label for a in await house.associations.for_content(app.guid)] == ["Warehouse"]
    await house.integrations.change(admin.caller, row.guid, Draft(name="Lake", sent=frozenset({"name"})))
    assert [a.label for a in await house.associations.for_content(app.guid)] == ["Lake"]
    with monkeypatch.context() as patch:
        patch.setattr(house.db, "read", None)
        assert len(await house.associations.for_content(app.guid)) == 1
    await house.integrations.delete(admin.caller, row.guid)
    assert await house.associations.for_content(app.guid) == ()


async def test_what_cannot_be_associated(house: House):
    admin, pat = await house.person("admin", "administrator"), await house.person("pat", "publisher")
    row, app = await house.integration(admin), await house.content(pat)
    public = await house.content(pat, access_type="all")
    assert await refused(house, pat, app.guid, ["x"]) == (400, 208)
    assert await refused(house, pat, app.guid, [row.guid, row.guid.upper()]) == (400, 258)
    assert await refused(house, pat, public.guid, [row.guid]) == (400, 237)
    only_admin = Draft(permissions=[{"user_guid": admin.guid}], sent=frozenset({"permissions"}))
    await house.integrations.change(admin.caller, row.guid, only_admin)
    assert await refused(house, pat, app.guid, [row.guid]) == (403, 209)
    assert await house.associations.for_content(app.guid) == ()
    await house.associate(admin, app, row)
    await house.associate(pat, app, row)  # what is there already may stay, whoever saves the list
    assert len(await house.associations.for_content(app.guid)) == 1


async def test_a_change_of_the_content_is_seen(house: House):
    admin = await house.person("admin", "administrator")
    row, app = await house.integration(admin), await house.content(admin)
    await house.associate(admin, app, row)
    assert len(await house.associations.for_content(app.guid)) == 1
    house.db.write_now(content.drop, app.guid)
    house.directory.forget(app.guid)
    assert await house.associations.for_content(app.guid) == ()


async def test_who_follows_associations_hears_of_a_deletion_and_of_another_way_to_act(house: House):
    admin = await house.person("admin", "administrator")
    there = await house.integration(admin, auth_type="Service Account")
    one, two, other = [await house.content(admin) for _ in range(3)]
    for app in (one, two):
        await house.associate(admin, app, there)
    heard: list[str] = []
    house.associations.when_changed(heard.append)
    await house.integrations.change(admin.caller, there.guid, Draft(name="x", sent=frozenset({"name"})))
    assert heard == []
    viewer = Draft(config=config(auth_type="Viewer"), sent=frozenset({"config"}))
    await house.integrations.change(admin.caller, there.guid, viewer)
    assert sorted(heard) == sorted([one.guid, two.guid])
    heard.clear()
    await house.integrations.delete(admin.caller, there.guid)
    assert sorted(heard) == sorted([one.guid, two.guid])
    assert other.guid not in heard


async def test_a_pinned_role_stays_until_it_is_changed_or_the_association_goes(house: House):
    admin = await house.person("admin", "administrator")
    row, other, app = await house.snowflake(admin), await house.snowflake(admin), await house.content(admin)
    view = await house.directory.by_guid(app.guid)
    assert view is not None

    async def pinned(wanted: list[str], pins: dict[str, str] | None = None) -> list[str]:
        found = await house.associations.replace(admin.caller, view, wanted, pins)
        assert found == await house.associations.for_content(app.guid)
        return [there.role for there in found]

    assert await pinned([row.guid], {row.guid: "Analyst"}) == ["Analyst"]
    assert await pinned([row.guid, other.guid]) == ["Analyst", ""]
    await house.associations.add(admin.caller, view, [other.guid])
    assert await pinned([row.guid, other.guid], {other.guid.upper(): "LOADER"}) == ["Analyst", "LOADER"]
    assert await pinned([row.guid, other.guid], {row.guid: ""}) == ["", "LOADER"]
    assert await pinned([row.guid]) == [""]
    assert await pinned([row.guid, other.guid]) == ["", ""]
    custom = await house.integration(admin)
    for guid, role, said in ((custom.guid, "ANALYST", "no roles"), (row.guid, "accountadmin", "never lets")):
        with pytest.raises(ApiError, match=said) as caught:
            await house.associations.replace(admin.caller, view, [guid], {guid: role})
        assert (caught.value.status, caught.value.code) == (400, 208)


async def test_a_role_over_the_wire(house: House):
    admin = await house.person("admin", "administrator")
    row, app = await house.snowflake(admin), await house.content(admin)
    at = f"/v1/content/{app.guid}/oauth/integrations/associations"
    client = house.browser(key=admin.key)
    for sent, shown in (({"role": "Analyst"}, "Analyst"), ({}, "Analyst"), ({"role": None}, ""), ({"role": ""}, "")):
        (entry,) = (await client.put(at, json=[{"oauth_integration_guid": row.guid, **sent}])).json()
        assert entry["oauth_integration_role"] == shown
        assert (await client.get(at)).json() == [entry]
    refused = await client.put(at, json=[{"oauth_integration_guid": row.guid, "role": 5}])
    assert (refused.status_code, refused.json()["code"]) == (400, 208)
