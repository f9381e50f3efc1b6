"""The default integration is made once; whoever deletes it has deleted it."""

from server.db.models import Integration
from server.oauth import defaults
from tests.unit.server.vault.house import House


async def test_it_is_made_once(house: House):
    admin = await house.person("admin", "administrator")
    await house.db.write(defaults.install, house.integrations)
    (row,) = house.rows(Integration)
    assert (row.name, row.template, row.auth_type) == ("Connect Visitor API Key", "connect", "Visitor API Key")
    assert row.config == {"max_role": "Viewer"}
    await house.integrations.delete(admin.caller, row.guid)
    await house.db.write(defaults.install, house.integrations)
    assert house.rows(Integration) == []
