"""What a visitor key may do: the lower role, and nothing once the content may not act for its viewer."""

import pytest

from server.oauth.visiting import Visiting, bounded
from server.web.caller import Caller
from tests.unit.server.vault.house import House


@pytest.mark.parametrize(
    ("own", "most", "role"),
    [
        ("administrator", "Admin", "administrator"), ("administrator", "Publisher", "publisher"),
        ("administrator", "Viewer", "viewer"), ("publisher", "Admin", "publisher"), ("viewer", "Publisher", "viewer"),
        ("administrator", "", "viewer"), ("administrator", "unknown", "viewer"),
    ],
)  # fmt: skip
def test_the_lower_role(own: str, most: str, role: str):
    assert bounded(Caller(1, "g", role=own), most) == role


async def test_only_for_the_associated_integration(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    app, there = await house.content(admin), await house.visitor_integration(admin, "Admin")
    visiting = Visiting(house.directory, house.associations)
    assert await visiting.role(alice.caller, app.guid, there.guid) is None
    await house.associate(admin, app, there)
    assert await visiting.role(alice.caller, app.guid, there.guid) == "viewer"
    assert await visiting.role(admin.caller, app.guid, there.guid) == "administrator"
    assert await visiting.role(alice.caller, app.guid, "another") is None
    assert await visiting.role(alice.caller, "nowhere", there.guid) is None
