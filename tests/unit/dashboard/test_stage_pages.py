"""The stage: in whose name an app acts is said above it, roles are switched there, and what cannot be shown goes on."""

import re

from tests.unit.dashboard.rig import Rig


async def test_the_bar_says_in_whose_name_and_the_app_is_below(rig: Rig) -> None:
    guid, warehouse = await rig.content("pat", "Sales", access="logged_in"), await rig.integration("Warehouse")
    await rig.associate(guid, warehouse)
    alice, pat = await rig.browser("alice"), await rig.browser("pat", "publisher")
    for name in ("alice", "pat"):
        await rig.connect(name, warehouse)
    reply = await alice.get(f"/open/{guid}/deep/page?a=1&b=%2F")
    assert reply.status_code == 200
    assert f'src="/content/{guid}/deep/page?a=1&amp;b=%2F"' in reply.text
    assert "as you (alice@sandbox)" in reply.text
    assert "Settings" not in reply.text
    assert reply.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert "Settings" in (await pat.get(f"/open/{guid}/")).text
    assert (await alice.get(f"/open/{guid}?x=1")).headers["location"] == f"/open/{guid}/?x=1"
    assert f'href="/open/{guid}/"' in (await alice.get("/")).text


async def test_who_is_not_connected_goes_to_connect_and_comes_back_to_the_stage(rig: Rig) -> None:
    guid, warehouse = await rig.content("pat", "Sales", access="logged_in"), await rig.integration("Warehouse")
    await rig.associate(guid, warehouse)
    alice = await rig.browser("alice")
    reply = await alice.get(f"/open/{guid}/?a=1")
    assert reply.status_code == 303
    assert reply.headers["location"] == (
        f"/__oauth__/integrations/{warehouse}/login?content={guid}&next=%2Fopen%2F{guid}%2F%3Fa%3D1"
    )


async def test_what_cannot_be_shown_is_answered_at_the_apps_own_address(rig: Rig) -> None:
    hidden, empty = await rig.content("pat", "Hidden"), await rig.content("pat", access="logged_in", deployed=False)
    alice = await rig.browser("alice")
    for guid in (hidden, empty, "nonsense"):
        reply = await alice.get(f"/open/{guid}/")
        assert (reply.status_code, reply.headers["location"]) == (303, f"/content/{guid}/")
    evil = await alice.get("/open/x/%0d%0aSet-Cookie:a=b")
    assert (evil.status_code, "set-cookie" in evil.headers) == (404, False)


async def test_roles_are_switched_by_a_form_of_the_bar(rig: Rig) -> None:
    guid, warehouse = await rig.content("pat", "Sales", access="logged_in"), await rig.snowflake()
    await rig.associate(guid, warehouse)
    alice = await rig.browser("alice")
    for role in ("", "ANALYST"):
        await rig.connect("alice", warehouse, role=role)
    page = (await alice.get(f"/open/{guid}/")).text
    assert "as you (alice@sandbox, your default role)" in page
    assert re.findall(r'name="role_pick" value="([^"]*)"', page) == ["named:ANALYST", "typed"]
    assert f'name="next" value="/open/{guid}/"' in page
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    await rig.services.associations.replace(rig.people["ada"], view, [warehouse], {warehouse: "ANALYST"})
    pinned = (await alice.get(f"/open/{guid}/")).text
    assert "as you (alice@sandbox, role ANALYST)" in pinned
    assert "chose the role for everybody" in pinned
    assert 'name="role_pick"' not in pinned


async def test_a_service_account_and_no_integration_at_all(rig: Rig) -> None:
    guid, plain = await rig.content("pat", access="logged_in"), await rig.content("pat", access="logged_in")
    await rig.associate(guid, await rig.integration("reporting", service=True))
    alice = await rig.browser("alice")
    assert "as the service account reporting" in (await alice.get(f"/open/{guid}/")).text
    page = (await alice.get(f"/open/{plain}/")).text
    assert "as you" not in page
    assert "<details" not in page
