"""A viewer's role: what is pinned, else what she chose for the content, else her default; warm from memory."""

from dataclasses import replace

from server.content import store as content
from server.db.models import AuditEvent, RoleChoice
from server.oauth.choices import DEFAULT
from tests.unit.server.vault.house import House


async def test_pinned_then_chosen_then_default_then_the_vendors(house: House, monkeypatch):
    ada = await house.person("ada", "administrator")
    row, app, other = await house.snowflake(ada), await house.content(ada), await house.content(ada)
    await house.associate(ada, app, row)
    (there,) = await house.associations.for_content(app.guid)
    choices = house.choices
    assert await choices.role_for(ada.id, there, app.guid) == ""
    assert await choices.default(ada.id, row.guid) is None
    await choices.choose(ada.caller, row.id, app.guid, "ANALYST", first=True)
    assert await choices.role_for(ada.id, there, app.guid) == "ANALYST"
    assert await choices.role_for(ada.id, there, other.guid) == "ANALYST"
    await choices.choose(ada.caller, row.id, app.guid, "loader", first=True)
    assert await choices.role_for(ada.id, there, app.guid) == "loader"
    assert await choices.role_for(ada.id, there, other.guid) == "ANALYST"
    await choices.choose(ada.caller, row.id, app.guid, "")
    with monkeypatch.context() as patch:
        assert await choices.role_for(ada.id, there, app.guid) == ""
        patch.setattr(house.db, "read", None)
        assert await choices.role_for(ada.id, there, app.guid) == ""
        assert await choices.role_for(ada.id, replace(there, role="PINNED"), app.guid) == "PINNED"
        assert await choices.role_for(ada.id, replace(there, takes_roles=False), other.guid) == ""


async def test_choices_are_each_persons_own_and_are_told(house: House):
    ada, bob = await house.person("ada", "administrator"), await house.person("bob")
    row, app = await house.integration(ada), await house.content(ada)
    told: list[int] = []
    house.choices.when_changed(told.append)
    await house.choices.choose(bob.caller, row.id, DEFAULT, "ANALYST")
    await house.choices.choose(bob.caller, row.id, DEFAULT, "ANALYST")
    await house.choices.choose(bob.caller, row.id, app.guid, "LOADER")
    assert told == [bob.id] * 3
    assert await house.choices.of_user(ada.id) == {}
    assert await house.choices.of_user(bob.id) == {(row.guid, ""): "ANALYST", (row.guid, app.guid): "LOADER"}
    await house.trail.aclose()
    events = [event for event in house.rows(AuditEvent) if event.action == "choose_oauth_role"]
    assert [event.data["role"] for event in events] == ["ANALYST", "LOADER"]


async def test_what_was_chosen_goes_with_content_and_integration(house: House):
    ada = await house.person("ada", "administrator")
    row, app = await house.integration(ada), await house.content(ada)
    await house.choices.choose(ada.caller, row.id, app.guid, "ANALYST", first=True)
    house.db.write_now(content.drop, app.guid)
    assert [choice.content_guid for choice in house.rows(RoleChoice)] == [DEFAULT]
    await house.integrations.delete(ada.caller, row.guid)
    assert house.rows(RoleChoice) == []
    await house.choices.choose(ada.caller, row.id, DEFAULT, "ANALYST")
    assert house.rows(RoleChoice) == []
