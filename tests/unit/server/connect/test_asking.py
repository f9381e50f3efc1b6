"""Who may start a consent: only for content she may see, or for a connection she already has."""

import uuid

import pytest

from server.connect.asking import Asking
from server.web.caller import Caller
from server.web.errors import ApiError
from tests.unit.server.vault.house import House


def asking(house: House) -> Asking:
    return Asking(house.integrations, house.associations, house.directory, house.vault.connections)


async def refused(house: House, caller: Caller, guid: str, content: str | None) -> tuple[int, int, str]:
    with pytest.raises(ApiError) as caught:
        await asking(house).find(caller, guid, content)
    return caught.value.status, caught.value.code, caught.value.message


async def test_for_content_she_may_see_named_or_found(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row, app = await house.integration(admin), await house.content(admin)
    hidden = await house.content(admin, access_type="acl")
    await house.associate(admin, hidden, row)
    await house.associate(admin, app, row)
    named = await asking(house).find(alice.caller, row.guid.upper(), app.guid.upper())
    found = await asking(house).find(alice.caller, row.guid, None)
    for ask in (named, found):
        assert ask.view is not None
        assert (ask.integration.guid, ask.view.guid) == (row.guid, app.guid)
    assert named.association is not None
    assert named.association.guid == row.guid
    assert found.association is None


async def test_everything_else_looks_as_if_it_were_not_there(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row, other = await house.integration(admin), await house.integration(admin)
    app, hidden = await house.content(admin), await house.content(admin, access_type="acl")
    await house.associate(admin, app, other)
    await house.associate(admin, hidden, row)
    answers = {
        await refused(house, alice.caller, guid, content)
        for guid, content in (
            (row.guid, hidden.guid), (row.guid, app.guid), (row.guid, None), (row.guid, str(uuid.uuid4())),
            (row.guid, "x"), ("x", None), (str(uuid.uuid4()), None),
        )
    }  # fmt: skip
    assert answers == {(404, 4, "The requested OAuth integration does not exist.")}


async def test_administrators_may_try_any_integration_of_viewers(house: House):
    admin = await house.person("admin", "administrator")
    row, robot = await house.integration(admin), await house.integration(admin, auth_type="Service Account")
    ask = await asking(house).find(admin.caller, row.guid, None)
    assert (ask.integration.guid, ask.view, ask.association) == (row.guid, None, None)
    assert (await refused(house, admin.caller, robot.guid, None))[:2] == (400, 230)


async def test_who_is_connected_may_connect_again_without_content(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    await house.connected(alice, row)
    ask = await asking(house).find(alice.caller, row.guid, None)
    assert (ask.integration.guid, ask.view) == (row.guid, None)


async def test_nobody_signs_in_to_a_service_account(house: House):
    admin = await house.person("admin", "administrator")
    row, app = await house.integration(admin, auth_type="Service Account"), await house.content(admin)
    await house.associate(admin, app, row)
    status, code, _message = await refused(house, admin.caller, row.guid, app.guid)
    assert (status, code) == (400, 230)


async def test_the_content_a_consent_came_from(house: House):
    admin = await house.person("admin", "administrator")
    app = await house.content(admin)
    row = await house.integration(admin)
    found = await asking(house).content(row, app.guid)
    assert (found.view is not None, found.association) == (True, None)
    await house.associate(admin, app, row)
    found = await asking(house).content(row, app.guid)
    assert found.view is not None
    assert found.association is not None
    assert (found.view.guid, found.association.guid) == (app.guid, row.guid)
    for gone in (None, "", str(uuid.uuid4())):
        found = await asking(house).content(row, gone)
        assert (found.view, found.association) == (None, None)
