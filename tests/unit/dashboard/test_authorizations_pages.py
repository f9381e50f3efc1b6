"""Administrators find who lets which integration act for them, allow ahead, and end it, with numbers first."""

import pytest

from server.oauth.integrations import Draft
from tests.unit.dashboard.rig import CUSTOM, Browser, Rig, notices


@pytest.fixture
async def ada(rig: Rig) -> Browser:
    return await rig.browser("ada", "administrator")


@pytest.fixture
async def warehouse(rig: Rig, ada: Browser) -> str:
    guid = await rig.integration("Warehouse")
    for name in ("alice", "bob"):
        await rig.person(name)
        await rig.connect(name, guid)
    return guid


async def test_found_by_person_integration_and_role(rig: Rig, ada: Browser, warehouse: str) -> None:
    other = await rig.integration("Lake")
    await rig.connect("alice", other)
    page = (await ada.get("/authorizations")).text
    assert "3 entries" in page
    assert "End all of these" not in page
    assert "2 entries" in (await ada.get(f"/authorizations?integration={warehouse}")).text
    page = (await ada.get(f"/authorizations?person=AL&integration={warehouse}&role=%28default%29")).text
    assert "1 entry" in page
    assert f"/authorizations/revoke?person=AL&amp;integration={warehouse}&amp;role=%28default%29" in page
    assert "Nothing fits this search" in (await ada.get("/authorizations?role=ANALYST")).text
    assert "There are no more" in (await ada.get("/authorizations?page=9")).text
    assert "3 entries" in (await ada.get("/authorizations?page=x")).text


async def test_allowing_ahead(rig: Rig, ada: Browser, warehouse: str) -> None:
    sent = {"username": "alice", "integration": warehouse, "role": ""}
    said = notices(await ada.told(await ada.post("/authorizations", sent)))
    assert said == ["Done: alice goes straight to signing in at Warehouse."]
    assert "Given ahead by ada" in (await ada.get("/authorizations?person=alice")).text
    public = await rig.services.integrations.create(
        ada.caller, Draft("custom", "Open", "", CUSTOM | {"auth_mode": "Public", "client_secret": ""})
    )
    wrong = {
        ("nobody", warehouse, ""): "Nobody here has this username",
        ("", warehouse, ""): "Type a username",
        ("alice", "", ""): "Choose an integration",
        ("alice", public.guid, ""): "is public, without a secret",
        ("alice", warehouse, "ANALYST"): "has no roles",
    }
    for (username, integration, role), expected in wrong.items():
        reply = await ada.post("/authorizations", {"username": username, "integration": integration, "role": role})
        assert reply.status_code == 400
        assert expected in reply.text
    assert f'value="{public.guid}">Open' not in reply.text.partition('id="ahead"')[2]


async def test_ending_one(rig: Rig, ada: Browser, warehouse: str) -> None:
    sent = {"user": rig.people["alice"].guid, "integration": warehouse, "role": ""}
    page = (await ada.post("/authorizations/revoke", sent)).text
    assert "1 entry ended" in page
    assert "This vendor offers no way to end access from here" in page
    assert notices(page)[0].startswith("Warning: 1 vendor account could not be told.")
    assert [view.user_name for view in await rig.services.vault.connections.all()] == ["bob"]
    again = (await ada.post("/authorizations/revoke", sent)).text
    assert "There was nothing to end any more." in again


async def test_ending_all_says_the_numbers_first(rig: Rig, ada: Browser, warehouse: str) -> None:
    ahead = {"username": "alice", "integration": warehouse, "role": ""}
    await ada.told(await ada.post("/authorizations", ahead))
    page = (await ada.get(f"/authorizations/revoke?integration={warehouse}")).text
    assert notices(page)[0].startswith("Warning: 2 connections and 1 pre-authorization of 2 people end.")
    assert "of everybody at Warehouse?" in page
    done = await ada.post("/authorizations/revoke", {"person": "", "integration": warehouse, "role": ""})
    assert "3 entries ended" in done.text
    assert await rig.services.vault.connections.all() == []
    for path in ("", f"?integration={warehouse}"):
        assert (await ada.get(f"/authorizations/revoke{path}")).status_code == 303
    for fields in ({}, {"person": " ", "integration": "", "role": ""}):
        assert (await ada.post("/authorizations/revoke", fields)).status_code == 303
    whose = (await ada.get("/authorizations")).text
    assert "Nobody is connected yet" in whose


async def test_whose_in_words(rig: Rig, ada: Browser, warehouse: str) -> None:
    page = (await ada.get("/authorizations/revoke?person=bo&role=%28default%29")).text
    assert "of people whose username begins with “bo” in the default role?" in page


async def test_only_administrators(rig: Rig, warehouse: str) -> None:
    pat = await rig.browser("pat", "publisher")
    for path in ("/authorizations", "/authorizations/revoke?person=a"):
        assert (await pat.get(path)).status_code == 403
        assert (await pat.post(path.partition("?")[0], {"person": "a"})).status_code == 403
