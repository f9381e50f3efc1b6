"""The refresh lease: one holder at a time, and only the holder whose fence stands may write."""

from dataclasses import replace

import pytest

from integrations.contract import Secret, TokenSet
from server.db.models import Connection
from server.vault.lease import LEASE_SECONDS, Busy, Leases, Moved, Refused, Spent, Taken
from server.vault.seals import Seals
from tests.unit.server.vault.house import House

NEW = TokenSet(access_token=Secret("at-new"), refresh_token=Secret("rt-new"), expires_in=60, scopes=("read",))


class Desk:
    """One connection, and two engines that want to renew it."""

    def __init__(self, house: House) -> None:
        self.house, self.seals = house, Seals(house.keyring)
        self.one, self.two = (Leases(self.seals, house.time, name) for name in ("elsewhere|1|1|a", "elsewhere|2|2|b"))

    def take(self, leases: Leases, version: int = 1) -> Taken | Busy | Moved:
        return self.house.db.write_now(leases.take, self.house.connection().guid, version)

    def taken(self, leases: Leases) -> Taken:
        found = self.take(leases)
        assert isinstance(found, Taken)
        return found


async def desk(house: House) -> Desk:
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    await house.connected(alice, await house.integration(admin))
    return Desk(house)


async def test_one_holds_it_until_its_time_is_over(house: House):
    made = await desk(house)
    first = made.taken(made.one)
    assert isinstance(made.take(made.two), Busy)
    house.time.ahead += LEASE_SECONDS + 1
    second = made.taken(made.two)
    assert (second.fence, second.uncertain, first.uncertain) == (first.fence + 1, True, False)
    assert house.db.write_now(made.one.renew, first, NEW, 0.0) is None
    assert house.db.write_now(made.one.end, first, "invalid_grant") is None
    assert house.connection().status == "connected"
    assert house.db.write_now(made.two.renew, second, NEW, 0.0) is not None
    row = house.connection()
    assert (row.version, row.lease_owner, row.attempt_hash, row.scopes) == (2, None, None, "read")
    opened = made.seals.refresh(row)
    assert opened is not None
    assert opened.reveal() == "rt-new"


async def test_an_answer_without_a_refresh_token_keeps_the_old_one(house: House):
    made = await desk(house)
    taken = made.taken(made.one)
    kept = TokenSet(access_token=Secret("at-new"))
    row = house.db.write_now(made.one.renew, taken, kept, 0.0)
    assert isinstance(row, Connection)
    assert made.seals.refresh(row) == taken.refresh_token
    assert row.scopes == "read offline_access"


async def test_given_back_it_says_whether_the_token_may_be_spent(house: House):
    made = await desk(house)
    for spent, uncertain in ((False, False), (True, True)):
        house.db.write_now(made.one.release, made.taken(made.one), spent)
        again = made.taken(made.two)
        assert again.uncertain is uncertain
        house.db.write_now(made.two.release, again, False)


async def test_the_end_leaves_no_tokens(house: House):
    made = await desk(house)
    house.db.write_now(made.one.end, made.taken(made.one), "invalid_grant")
    row = house.connection()
    assert (row.status, row.status_reason, row.sealed_access, row.sealed_refresh) == (
        "reauth_required", "invalid_grant", None, None,
    )  # fmt: skip
    assert isinstance(made.take(made.two, row.version), Moved)


async def test_what_moved_is_not_taken(house: House):
    made = await desk(house)
    assert isinstance(made.take(made.one, version=2), Moved)
    assert isinstance(house.db.write_now(made.one.take, "unknown", 1), Moved)
    with house.change(Connection) as rows:
        rows[0].config_version = 9
    assert isinstance(made.take(made.one), Moved)


async def test_a_token_that_two_holders_left_behind_is_sent_no_third_time(house: House):
    made = await desk(house)
    first = made.taken(made.one)
    house.time.ahead += LEASE_SECONDS + 1
    assert made.taken(made.two).uncertain
    house.time.ahead += LEASE_SECONDS + 1
    assert isinstance(made.take(made.one), Spent)
    row = house.connection()
    assert (row.status, row.status_reason, row.sealed_refresh) == ("reauth_required", "interrupted_refresh", None)
    assert isinstance(made.take(made.one, row.version), Moved)
    assert house.db.write_now(made.one.renew, first, NEW, 0.0) is None


async def test_outcomes_that_are_known_or_may_pass_never_spend_it(house: House):
    made = await desk(house)
    for _ in range(5):
        house.db.write_now(made.one.release, made.taken(made.one), True)
    made.taken(made.one)
    house.time.ahead += LEASE_SECONDS + 1
    house.db.write_now(made.two.release, made.taken(made.two), False)
    assert house.connection().attempts_lost == 0


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [("X", "Y", True), ("X", "X", False), ("X", None, False), (None, "X", False), ("https://p X", "X", False),
     ("https://p X", "https://p Y", True)],
)  # fmt: skip
async def test_an_answer_for_another_account_is_not_stored(house: House, before, after, refused):
    made = await desk(house)
    with house.change(Connection) as rows:
        rows[0].subject = before
    found = house.db.write_now(made.one.renew, made.taken(made.one), replace(NEW, subject=after), 0.0)
    assert isinstance(found, Refused) is refused
    row = house.connection()
    assert row.subject == (before or after)
    assert (row.status_reason, row.sealed_access is None) == ("another_account" if refused else "", refused)
