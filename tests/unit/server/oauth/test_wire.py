"""Integrations and associations as clients read them, and that no secret is among what is shown."""

from server.oauth import wire
from server.oauth.store import Usage
from tests.unit.server.vault.house import SECRET, House


async def test_shapes(house: House):
    admin = await house.person("admin", "administrator")
    row, app = await house.integration(admin), await house.content(admin)
    await house.associate(admin, app, row)
    shown = wire.integration(row, house.integrations, count=3)
    assert shown.keys() == {
        "id", "guid", "created_time", "updated_time", "name", "description", "template", "auth_type", "config",
        "permissions", "environment_variables", "content_count", "secret_expires_at", "own_callback", "one_account",
    }  # fmt: skip
    assert (shown["name"], shown["auth_type"], shown["content_count"]) == ("Warehouse", "Viewer", 3)
    assert shown["config"]["client_id"] == "tabard"
    assert SECRET not in repr(shown)
    assert "client_secret" not in shown["config"]
    (there,) = await house.associations.for_content(app.guid)
    one, other = wire.association(there, app.guid), wire.usage(row, Usage(app.guid, there.created_time))
    assert one == other
    assert one["app_guid"] == one["content_guid"] == app.guid
    assert (one["oauth_integration_guid"], one["oauth_integration_name"]) == (row.guid, "Warehouse")


async def test_an_entry_of_the_access_list_names_its_integration(house: House):
    admin = await house.person("admin", "administrator")
    row = await house.integration(admin)
    row.permissions = [{"id": "1", "guid": "p", "user_guid": "u"}]
    shown = wire.integration(row, house.integrations, count=None)
    entry = {"id": "1", "guid": "p", "integration_guid": row.guid, "user_guid": "u", "group_guid": None}
    assert shown["permissions"] == [entry]
    row.template = "gone"
    assert wire.integration(row, house.integrations, count=None)["environment_variables"] == []
