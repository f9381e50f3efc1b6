"""Connected accounts lists the person's own, with the apps that may use each, and ends one."""

from tests.unit.dashboard.rig import Rig, notices


async def test_ones_own_with_the_apps_one_may_open(rig: Rig) -> None:
    warehouse = await rig.integration("Warehouse")
    shared = await rig.content("pat", "Shared", access="logged_in")
    private = await rig.content("pat", "Private")
    for guid in (shared, private):
        await rig.associate(guid, warehouse)
    alice, bob = await rig.browser("alice"), await rig.browser("bob")
    await rig.connect("alice", warehouse)
    page = (await alice.get("/connections")).text
    assert "<strong>alice@sandbox</strong>" in page
    assert f'href="/content/{shared}/">Shared' in page
    assert "Private" not in page
    assert "By itself, while you use it" in page
    assert "CANARY" not in page
    assert "No connected accounts" in (await bob.get("/connections")).text


async def test_disconnecting(rig: Rig) -> None:
    guid, warehouse = await rig.content("pat", access="logged_in"), await rig.integration("Warehouse")
    await rig.associate(guid, warehouse)
    alice, bob = await rig.browser("alice"), await rig.browser("bob")
    connection = await rig.connect("alice", warehouse)
    others = await bob.post(f"/connections/{connection}/disconnect", {"next": "/connections"})
    assert notices(await bob.told(others)) == ["Note: That account was disconnected already."]
    assert "alice@sandbox" in (await alice.get("/connections")).text
    reply = await alice.post(f"/connections/{connection}/disconnect", {"next": "/"})
    assert reply.headers["location"] == "/"
    assert "Warehouse is disconnected." in notices(await alice.told(reply))[0]
    assert "No connected accounts" in (await alice.get("/connections")).text
    [event] = await rig.events("disconnect_oauth_integration")
    assert event.actor == "alice"


async def test_the_way_back_stays_on_this_server(rig: Rig) -> None:
    alice = await rig.browser("alice")
    reply = await alice.post("/connections/x/disconnect", {"next": "//elsewhere.example/"})
    assert reply.headers["location"] == "/connections"


async def test_a_connection_that_ended_says_so(rig: Rig) -> None:
    warehouse = await rig.integration("Warehouse")
    alice = await rig.browser("alice")
    await rig.connect("alice", warehouse)
    from server.oauth.integrations import Draft

    draft = Draft(config={"client_id": "another"}, sent=frozenset({"config"}))
    await rig.services.integrations.change(rig.people["ada"], warehouse, draft)
    assert "Ended: connect again" in (await alice.get("/connections")).text
