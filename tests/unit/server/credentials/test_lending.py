"""Tokens by loan: the lender's for viewers of the published app, each viewer's own for everything else."""

from typing import Any

import pytest

from server.credentials.lending import Lending
from server.db.models import AuditEvent, Content, Instance
from server.loans.loans import Terms
from tests.unit.server.credentials.test_api import PATH, World, told
from tests.unit.server.vault.house import House


class Lent(World):
    """Paula owns the app and lends her connection; Alice is connected herself, and Bob is not."""

    async def build(self, house: House) -> Any:
        await super().build(house)
        self.bob = await house.person("bob")
        self.connection = await house.connected(self.owner, self.integration)
        row = Instance(key=f"instance-{self.app.guid}", content_id=1, bundle_id=1)
        await house.db.write(lambda session: session.add(row))
        await self.lend()
        return self

    async def lend(self, **terms: Any) -> None:
        view = await self.house.directory.by_guid(self.app.guid)
        until = self.house.time().replace(year=self.house.time().year + 1)
        await self.house.loans.lend(self.owner.caller, view, self.integration.guid, Terms(**({"until": until} | terms)))

    async def token(self, person: Any) -> str:
        handle = self.house.handles.viewer(person.caller, self.app.guid)
        answer = await self.exchange(subject_token=handle)
        return answer.json()["access_token"] if answer.status_code == 200 else str(told(answer))


@pytest.fixture
async def world(house: House) -> Any:
    return await Lent().build(house)


async def test_everybody_acts_with_the_lenders_access(world: Lent, house: House):
    for person in (world.alice, world.bob, world.owner):
        assert await world.token(person) == "at-paula-0"
    await house.trail.aclose()
    events = [row for row in house.rows(AuditEvent) if row.action == "exchange_credentials"]
    assert [(row.actor, row.data["lent"]) for row in events] == [("alice", True), ("bob", True), ("paula", False)]


async def test_taken_back_it_counts_no_more(world: Lent, house: House):
    assert await world.token(world.bob) == "at-paula-0"
    await house.loans.end(world.owner.caller, world.app.guid, world.integration.guid)
    assert await world.token(world.bob) == "(404, 220)"
    assert await world.token(world.alice) == "at-alice-0"


async def test_taken_back_while_the_provider_answers(world: Lent, house: House):
    plain, taken = house.vault.tokens.access_token, []

    async def late(*args: Any, **terms: Any) -> Any:
        issued = await plain(*args, **terms)
        if not taken:
            taken.append(await house.loans.end(world.owner.caller, world.app.guid, world.integration.guid))
        return issued

    house.vault.tokens.access_token = late  # type: ignore[method-assign]
    assert await world.token(world.alice) == "at-alice-0"
    assert taken


async def test_a_lender_without_a_connection_lends_nothing(world: Lent, house: House):
    await house.vault.connections.disconnect(world.owner.caller, world.connection)
    assert await world.token(world.alice) == "at-alice-0"
    assert await world.token(world.bob) == "(404, 220)"


async def test_a_lender_whose_connection_ends_meanwhile(world: Lent, house: House):
    house.provider.live.clear()
    house.time.ahead = 3599
    assert await world.token(world.bob) == "(404, 220)"


async def test_a_draft_gets_nobody_elses_access(world: Lent, house: House):
    with house.change(Instance) as rows:
        rows[0].bundle_id = 2
    assert await world.token(world.bob) == "(404, 220)"
    assert await world.token(world.alice) == "at-alice-0"


async def test_a_new_owner_lends_nothing_of_the_old_ones(world: Lent, house: House):
    with house.change(Content) as rows:
        rows[0].owner_id = world.admin.id
    house.directory.forget(world.app.guid)
    assert await world.token(world.bob) == "(404, 220)"


async def test_schedules_have_the_identity_that_was_lent_to_them(world: Lent, house: House):
    lending = Lending(house.db, house.loans, house.vault.tokens)
    view = await house.directory.by_guid(world.app.guid)
    assert view is not None
    (there,) = await house.associations.for_content(world.app.guid)
    assert await lending.scheduled(view, there) is None
    await world.lend(to_viewers=False, to_schedules=True)
    issued = await lending.scheduled(view, there)
    assert issued is not None
    assert (issued.access_token.reveal(), issued.lender) == ("at-paula-0", world.owner.guid)
    assert await world.token(world.bob) == "(404, 220)"


async def test_only_the_app_itself_is_answered(world: Lent, house: House):
    answer = await house.browser(key=world.owner.key).post(PATH, data=world.form())
    assert answer.status_code == 403
