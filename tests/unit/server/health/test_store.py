"""Counts are read for the last day and week, in as many statements for many integrations as for one."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from server.db.models import Connection
from server.health import store
from server.health.store import Counts, Tally
from tests.unit.server.vault.house import House

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
HOUR = NOW.replace(minute=0)


def test_the_rate_leaves_ended_consents_out() -> None:
    assert Counts().rate is None
    assert Counts(ok=3, failed=1, ended=50).rate == 0.75


async def test_day_and_week(house: House) -> None:
    ada = await house.person("ada", "administrator")
    one, other = await house.integration(ada), await house.integration(ada)
    ages = {timedelta(hours=0): 1, timedelta(hours=23): 2, timedelta(hours=25): 4, timedelta(days=6): 8}
    hours = {(HOUR - age, "refresh"): Counts(ok=count) for age, count in ages.items()}
    hours |= {(HOUR - timedelta(days=8), "refresh"): Counts(ok=99), (HOUR, "consent"): Counts(failed=50)}
    tallies = {one.guid: Tally(hours=hours), other.guid: Tally(hours={(HOUR, "service"): Counts(failed=1)})}
    await house.db.write(store.record, tallies)
    known = await house.db.read(store.known, NOW)
    assert (known[one.id].day, known[one.id].week) == (Counts(ok=3), Counts(ok=15))
    assert known[other.id].day == Counts(failed=1)
    assert set(await house.db.read(store.known, NOW, one.id)) == {one.id}


async def test_connections_are_grouped_by_what_they_were_asked_and_granted(house: House) -> None:
    ada = await house.person("ada", "administrator")
    integration = await house.integration(ada)
    for name in ("ben", "cleo", "dan"):
        await house.connected(await house.person(name), integration)
    with house.change(Connection) as rows:
        rows[0].scopes = "read"
        rows[1].config_version = 7
    groups = (await house.db.read(store.known, NOW))[integration.id].groups
    found = {(group.scopes, group.current): group.count for group in groups}
    assert found == {("read", True): 1, ("read offline_access", False): 1, ("read offline_access", True): 1}


async def test_many_integrations_take_as_many_statements_as_one(house: House) -> None:
    ada = await house.person("ada", "administrator")
    asked: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    counts = []
    for _ in range(2):
        made = [await house.integration(ada) for _ in range(3)]
        tallies = {row.guid: Tally(hours={(HOUR, "refresh"): Counts(ok=1)}) for row in made}
        await house.db.write(store.record, tallies)
        asked.clear()
        await house.db.read(store.known, NOW)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 5


async def test_troubles_are_failures_and_secrets_that_end(house: House) -> None:
    ada = await house.person("ada", "administrator")
    failing, ending, fine = [await house.integration(ada) for _ in range(3)]
    ended = Tally(hours={(HOUR, "refresh"): Counts(failed=1)}, failures=1)
    worked = Tally(hours={(HOUR, "refresh"): Counts(ok=1)}, last_success=NOW, succeeded=True)
    await house.db.write(store.record, {failing.guid: ended, fine.guid: worked})
    with house.change(type(ending)) as rows:
        rows[1].secret_expires_at = NOW
    found = await house.db.read(store.troubled)
    assert [row.guid for row, _ in found] == [failing.guid, ending.guid]


def test_two_tallies_become_one() -> None:
    error = store.Error(NOW, "refresh", "timeout", "Slow.")
    first = Tally({(HOUR, "refresh"): Counts(ok=1)}, last_success=NOW, succeeded=True, failures=1, error=error)
    later = Tally({(HOUR, "refresh"): Counts(failed=2)}, failures=2, skew=(NOW, 1.0))
    both = first.then(later)
    assert both.hours == {(HOUR, "refresh"): Counts(ok=1, failed=2)}
    assert (both.failures, both.succeeded, both.last_success, both.error, both.skew) == (
        3,
        True,
        NOW,
        error,
        (NOW, 1.0),
    )
    assert first.then(Tally(succeeded=True)).failures == 0
