"""A loan counts while its lender owns the content and has a connection, until its end; nobody else's token moves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from server.consent.check import Connected, Missing
from server.content.editing import Editing
from server.db.models import Content, Integration, Loan, User
from server.loans.loans import Terms
from server.web.errors import ApiError
from tests.unit.server.vault.house import House


class World:
    """Maria owns an app that uses a warehouse; Alice looks at it."""

    async def build(self, house: House) -> "World":
        self.house = house
        self.admin = await house.person("admin", "administrator")
        self.maria = await house.person("maria", "publisher")
        self.alice = await house.person("alice")
        self.integration = await house.integration(self.admin)
        self.app = await house.content(self.maria)
        await house.associate(self.maria, self.app, self.integration)
        self.connection = await house.connected(self.maria, self.integration)
        return self

    async def view(self) -> Any:
        return await self.house.directory.by_guid(self.app.guid)

    async def lend(self, by: Any = None, **terms: Any) -> Any:
        terms = {"until": self.house.time() + timedelta(hours=1)} | terms
        actor = (by or self.maria).caller
        return await self.house.loans.lend(actor, await self.view(), self.integration.guid, Terms(**terms))

    async def check(self, person: Any = None) -> Any:
        used = await self.house.associations.for_content(self.app.guid)
        return await self.house.consent.check((person or self.alice).caller, await self.view(), used)

    async def again(self) -> str:
        found = await self.check()
        assert isinstance(found, Missing)
        return found.integrations[0].again


@pytest.fixture
async def world(house: House) -> World:
    return await World().build(house)


async def test_what_is_lent_is_not_asked_for(world: World):
    assert await world.again() == ""
    loan = await world.lend()
    found = await world.check()
    assert isinstance(found, Connected)
    assert [one.guid for one in found.lent] == [loan.guid]
    assert (loan.lender_name, loan.integration_name) == ("maria", "Warehouse")
    await world.house.loans.end(world.maria.caller, world.app.guid, world.integration.guid)
    assert await world.again() == ""
    assert {"lend_connection", "end_loan"} <= set(await world.house.actions())


async def test_a_loan_ends_by_time_and_says_whom_to_ask(world: World):
    await world.lend()
    world.house.time.ahead = 3600
    assert "maria lent access until" in await world.again()
    assert "Ask maria to lend it again, or connect as yourself." in await world.again()
    await world.lend()
    assert isinstance(await world.check(), Connected)


async def test_a_lender_who_is_not_connected_lends_nothing(world: World):
    await world.lend()
    await world.house.vault.connections.disconnect(world.maria.caller, world.connection)
    assert "Ask maria to connect Warehouse again" in await world.again()


@pytest.mark.parametrize("change", ["given away", "locked"])
async def test_the_question_moves_with_the_content_never_the_token(world: World, change: str):
    await world.lend()
    if change == "locked":
        with world.house.change(User) as rows:
            next(row for row in rows if row.username == "maria").locked = True
        world.house.loans.forget_all()
        assert "maria lends access, but" not in await world.again()
    else:
        with world.house.change(Content) as rows:
            rows[0].owner_id = world.admin.id
        world.house.directory.forget(world.app.guid)
        assert "Ask admin to lend it" in await world.again()
    assert await world.house.loans.lent(await world.view(), world.integration.guid) is None


async def test_lending_to_schedules_is_not_lending_to_viewers(world: World):
    await world.lend(to_viewers=False, to_schedules=True)
    view = await world.view()
    assert await world.again() == ""
    assert await world.house.loans.lent(view, world.integration.guid) is None
    lent = await world.house.loans.lent(view, world.integration.guid, "schedules")
    assert lent is not None
    assert lent.lender_guid == world.maria.guid


async def test_a_pinned_role_is_the_one_that_is_lent(world: World):
    await world.lend()
    view, (there,) = await world.view(), await world.house.associations.for_content(world.app.guid)
    pinned = there.__class__(**{**vars(there), "role": "ANALYST", "takes_roles": True})
    loan = await world.house.loans.lent(view, world.integration.guid)
    assert loan is not None
    assert await world.house.loans.works(loan, there)
    assert not await world.house.loans.works(loan, pinned)
    with pytest.raises(ApiError, match="Connect Warehouse in the role ANALYST yourself"):
        await world.lend(role="ANALYST")


Refused = tuple[int, int]


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        (lambda w: {"by": w.alice}, (403, 22)),
        (lambda w: {"by": w.admin}, (403, 22)),
        (lambda w: {"until": w.house.time()}, (400, 25)),
        (lambda w: {"until": w.house.time() + timedelta(days=400)}, (400, 25)),
        (lambda _w: {"to_viewers": False}, (400, 25)),
        (lambda _w: {"role": "OTHER"}, (400, 220)),
    ],
)
async def test_what_cannot_be_lent(world: World, terms: Callable[[World], dict[str, Any]], refusal: Refused):
    with pytest.raises(ApiError) as caught:
        await world.lend(**terms(world))
    assert (caught.value.status, caught.value.code) == refusal
    assert world.house.rows(Loan) == []


async def test_only_connections_of_people_are_lent(world: World):
    service = await world.house.integration(world.admin, auth_type="Service Account")
    await world.house.associate(world.maria, world.app, service)
    view, terms = await world.view(), Terms(until=world.house.time() + timedelta(hours=1))
    for guid, refusal in ((service.guid, (400, 237)), (world.integration.guid, (404, 4))):
        with pytest.raises(ApiError) as caught:
            await world.house.loans.lend(world.maria.caller, view, guid, terms)
        assert (caught.value.status, caught.value.code) == refusal


async def test_loans_go_with_what_they_are_about(world: World):
    await world.lend()
    with world.house.change(Integration):
        pass
    await world.house.integrations.delete(world.admin.caller, world.integration.guid)
    assert world.house.rows(Loan) == []
    with pytest.raises(ApiError, match="does not exist"):
        await world.house.loans.end(world.maria.caller, world.app.guid, world.integration.guid)


async def test_lending_again_on_the_same_terms_is_the_same_loan(world: World):
    until = world.house.time() + timedelta(hours=1)
    first, again, other = [await world.lend(until=until, to_schedules=wide) for wide in (False, False, True)]
    assert (first.guid == again.guid, first.guid == other.guid) == (True, False)
    assert (await world.house.actions()).count("lend_connection") == 2


async def test_content_that_is_given_back_brings_no_loan_back(world: World):
    editing = Editing(world.house.db, world.house.directory, world.house.trail)
    await world.lend()
    for owner in (world.admin, world.maria):
        view = await world.view()
        await world.house.db.write(editing.write, world.admin.caller, view, {"owner_guid": owner.guid})
        world.house.directory.forget(world.app.guid)
        world.house.loans.forget(world.app.guid)
    assert await world.house.loans.lent(await world.view(), world.integration.guid) is None
    assert "Ask maria to lend it again" in await world.again()
    assert "end_loan" in await world.house.actions()


async def test_an_integration_that_is_added_again_brings_no_loan_back(world: World):
    await world.lend()
    for guids in ([], [world.integration.guid]):
        await world.house.associations.replace(world.admin.caller, await world.view(), guids)
        world.house.loans.forget(world.app.guid)
    assert await world.house.loans.lent(await world.view(), world.integration.guid) is None
    assert "Ask maria to lend it again" in await world.again()
    assert "end_loan" in await world.house.actions()
