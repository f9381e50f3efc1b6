"""Connected accounts lists the person's own, with the apps that may use each, and ends one."""

import html
import re

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
    assert f'href="/open/{shared}/">Shared' in page
    assert "Private" not in page
    assert "Renews by itself while you use it" in page
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
    (told,) = notices(await alice.told(reply))
    assert "Warehouse is disconnected." in told
    assert "offers no way to end it there" in told
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
    page = (await alice.get("/connections")).text
    assert "An administrator changed how this integration connects." in page
    assert "Connect again" in page


async def test_who_used_it_and_by_which_app_last(rig: Rig) -> None:
    guid, warehouse = await rig.content("pat", "Shared", access="logged_in"), await rig.integration("Warehouse")
    await rig.associate(guid, warehouse)
    alice, bob = await rig.browser("alice"), await rig.browser("bob")
    connection = await rig.connect("alice", warehouse)
    caller = rig.people["alice"]
    for _ in range(25):
        await rig.services.trail.append(
            caller, "exchange_credentials", content=guid, integration=warehouse, connection=connection
        )
    assert "by Shared" in (await alice.get("/connections")).text
    page = (await alice.get(f"/connections/{connection}")).text
    assert page.count("Shared used your Warehouse connection") == 20
    older = re.search(r'href="([^"]+)">Older', page)
    assert older
    rest = (await alice.get(html.unescape(older[1]))).text
    assert rest.count("Shared used your Warehouse connection") == 5
    assert "You connected Warehouse" in rest
    assert ">Older<" not in rest
    assert (await bob.get(f"/connections/{connection}")).status_code == 303


async def test_renewing_says_what_came_of_it(rig: Rig) -> None:
    warehouse = await rig.integration("Warehouse")
    alice, bob = await rig.browser("alice"), await rig.browser("bob")
    connection = await rig.connect("alice", warehouse)
    # Made just now, so it is as new as can be, and nobody is asked.
    (told,) = notices(await alice.told(await alice.post(f"/connections/{connection}/refresh")))
    assert "as new as can be" in told
    (told,) = notices(await bob.told(await bob.post(f"/connections/{connection}/refresh")))
    assert "disconnected already" in told


async def test_roles_are_said_preferred_and_made(rig: Rig) -> None:
    warehouse, guid = await rig.snowflake(), await rig.content("pat", "Shared", access="logged_in")
    await rig.associate(guid, warehouse)
    alice = await rig.browser("alice")
    await rig.connect("alice", warehouse)
    analyst = await rig.connect("alice", warehouse, role="ANALYST")
    page = (await alice.get("/connections")).text
    assert "role <strong>ANALYST</strong>" in page
    assert page.count(">Shared</a>") == 1
    assert "in another role" in page
    assert page.count("used by default") == 1
    (told,) = notices(await alice.told(await alice.post(f"/connections/{analyst}/prefer")))
    assert "the role ANALYST at Snowflake" in told
    caller = rig.people["alice"]
    assert await rig.services.choices.default(caller.user_id, warehouse) == "ANALYST"
