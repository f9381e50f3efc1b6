"""Loans by API: who may lend, see and take back."""

from datetime import timedelta

from tests.unit.server.loans.test_loans import World
from tests.unit.server.vault.house import House


async def test_lent_seen_and_taken_back(house: House):
    world = await World().build(house)
    editor = await house.person("eve", "publisher")
    maria, alice, admin = (house.browser(key=who.key) for who in (world.maria, world.alice, world.admin))
    path = f"/__api__/v1/content/{world.app.guid}/oauth/integrations/{world.integration.guid}/loan"
    until = (house.time() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = await maria.put(path, json={"until": until, "schedules": True})
    assert made.status_code == 200
    assert made.json() == made.json() | {
        "lender_guid": world.maria.guid, "until": until, "viewers": True, "schedules": True, "role": "", "active": True,
    }  # fmt: skip
    assert (await maria.get("/__api__/v1/oauth/loans")).json() == [made.json()]
    assert (await alice.get("/__api__/v1/oauth/loans")).json() == []
    listed = f"/__api__/v1/content/{world.app.guid}/oauth/loans"
    assert (await admin.get(listed)).json() == [made.json()]
    assert (await alice.get(listed)).status_code == 403
    house.time.ahead = 3700
    assert [one["active"] for one in (await maria.get(listed)).json()] == [False]
    for body in ({}, {"until": "soon"}, {"until": 5}, {"until": until, "viewers": "yes"}):
        assert (await maria.put(path, json=body)).status_code == 400
    assert (await alice.delete(path)).status_code == 403
    assert (await house.browser(key=editor.key).delete(path)).status_code == 403
    assert (await admin.put(path, json={"until": until})).status_code == 403
    assert (await admin.delete(path)).status_code == 204
    assert (await maria.delete(path)).status_code == 404
