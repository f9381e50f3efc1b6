"""Consents under way: used once, by the browser that began them, within their time; nothing readable is stored."""

from datetime import timedelta

import pytest
from sqlmodel import select

from integrations.contract import Secret
from server.connect import flows as module
from server.connect.flows import LIFETIME, Flows, Target, new_token, well_formed
from server.db.models import Flow
from tests.unit.server.vault.house import House, Person


class Desk:
    def __init__(self, house: House, person: Person, integration) -> None:
        self.house, self.person, self.integration = house, person, integration
        self.flows = Flows(house.db, house.keyring, clock=house.time)

    async def start(self, browser: str) -> str:
        state = new_token()
        target = Target("/content/g/", "g")
        await self.flows.start(
            self.person.caller, self.integration, state=state, browser=browser, verifier=Secret("CANARY"), target=target
        )
        return state


@pytest.fixture
async def desk(house: House) -> Desk:
    admin = await house.person("admin", "administrator")
    return Desk(house, admin, await house.integration(admin))


async def test_taken_once_by_its_own_browser(desk: Desk):
    mine, other = new_token(), new_token()
    state = await desk.start(mine)
    (row,) = desk.house.rows(Flow)
    assert not {state, mine, "CANARY"} & {str(v) for v in row.model_dump().values()}
    assert await desk.flows.take(state, other) is None
    taken = await desk.flows.take(state, mine)
    assert taken is not None
    assert (taken.verifier.reveal(), taken.flow.return_path, taken.flow.content_guid) == ("CANARY", "/content/g/", "g")
    assert (taken.flow.user_id, taken.flow.session_guid) == (desk.person.id, desk.person.caller.credential)
    assert await desk.flows.take(state, mine) is None


@pytest.mark.parametrize("late", [False, True])
async def test_its_time_is_over(desk: Desk, late: bool):
    browser = new_token()
    state = await desk.start(browser)
    desk.house.time.ahead += (LIFETIME + timedelta(seconds=5 if late else -5)).total_seconds()
    assert (await desk.flows.take(state, browser) is None) is late


async def test_a_row_moved_to_another_person_does_not_open(desk: Desk):
    browser = new_token()
    state = await desk.start(browser)
    bob = await desk.house.person("bob")
    with desk.house.change(Flow) as rows:
        rows[0].user_id = bob.id
    assert await desk.flows.take(state, browser) is None


@pytest.mark.parametrize("cap", ["MOST_PER_BROWSER", "MOST_PER_PERSON"])
async def test_the_oldest_beyond_the_cap_are_forgotten(desk: Desk, monkeypatch, cap: str):
    monkeypatch.setattr(module, cap, 2)
    browsers = [new_token()] * 3 if cap == "MOST_PER_BROWSER" else [new_token() for _ in range(3)]
    states = []
    for browser in browsers:
        states.append(await desk.start(browser))
        desk.house.time.ahead += 1
    found = [await desk.flows.take(s, b) is not None for s, b in zip(states, browsers, strict=True)]
    assert found == [False, True, True]
    assert desk.house.db.read_now(lambda s: s.exec(select(Flow)).all()) == []


@pytest.mark.parametrize("token", [None, "", "x" * 42, "x" * 44, "x" * 42 + "/", "x" * 42 + "\n", "é" * 43])
def test_what_cannot_be_ours(token: str | None):
    assert not well_formed(token)
    assert well_formed(new_token())
