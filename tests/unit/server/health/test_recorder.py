"""Grants are counted in memory and written in batches; what cannot be written waits."""

from datetime import timedelta
from unittest import mock

import pytest

from server.db.engine import DatabaseUnavailable
from server.db.models import IntegrationHealth, IntegrationHour
from server.health.recorder import Recorder
from server.vault.outcomes import Outcome
from tests.unit.server.vault.house import House


def told(guid: str, code: str = "", **fields: object) -> Outcome:
    kind = fields.pop("kind", "refresh")
    return Outcome(guid, "c", kind, not code, code, f"It is {code}." if code else "", **fields)  # type: ignore[arg-type]


@pytest.fixture
async def guid(house: House) -> str:
    return (await house.integration(await house.person("ada", "administrator"))).guid


async def test_a_batch_is_one_write(house: House, guid: str) -> None:
    recorder = Recorder(house.db, gather=0.01, clock=house.time)
    with mock.patch.object(house.db, "write", wraps=house.db.write) as write:
        for _ in range(5):
            recorder.note(told(guid, skew=2.0))
        recorder.note(told(guid, "timeout"))
        recorder.note(told(guid, "invalid_grant"))
        recorder.note(told(guid, kind="consent", used_second=True))
        recorder.note(told(guid, "invalid_client"))
        recorder.note(told("gone"))
        await recorder.aclose()
    assert write.call_count == 1
    [row] = house.rows(IntegrationHealth)
    assert (row.failures, row.error_code, row.error_reason, row.refused) == (
        1,
        "invalid_client",
        "It is invalid_client.",
        True,
    )
    assert (row.skew, row.used_second, row.error_kind) == (2.0, True, "refresh")
    assert row.last_success is not None
    assert row.last_error >= row.last_success
    counts = {line.kind: (line.ok, line.failed, line.ended) for line in house.rows(IntegrationHour)}
    assert counts == {"refresh": (5, 2, 1), "consent": (1, 0, 0)}


async def test_failures_in_a_row_add_up_over_batches_and_end_with_a_success(house: House, guid: str) -> None:
    recorder = Recorder(house.db, clock=house.time)
    for codes, expected in ((["timeout"], 1), (["timeout"] * 2, 3), (["", "timeout"], 1), ([""], 0)):
        for code in codes:
            recorder.note(told(guid, code))
        await recorder.flush()
        [row] = house.rows(IntegrationHealth)
        assert row.failures == expected
    assert not row.refused
    await recorder.aclose()


@pytest.mark.parametrize(
    ("kind", "code", "refused"),
    [
        ("refresh", "invalid_scope", False), ("refresh", "unauthorized_client", False),
        ("refresh", "invalid_client", True),
        ("service", "invalid_scope", True), ("service", "unauthorized_client", True),
    ],
)  # fmt: skip
async def test_what_one_person_is_refused_says_nothing_about_all(
    house: House, guid: str, kind: str, code: str, refused: bool
) -> None:
    recorder = Recorder(house.db, clock=house.time)
    recorder.note(told(guid, kind=kind))
    recorder.note(told(guid, code, kind=kind))
    await recorder.aclose()
    [row] = house.rows(IntegrationHealth)
    assert (row.failures, row.refused) == (1, refused)


async def test_what_cannot_be_written_waits(house: House, guid: str) -> None:
    recorder = Recorder(house.db, clock=house.time)
    recorder.note(told(guid, "timeout"))
    with mock.patch.object(house.db, "write", side_effect=DatabaseUnavailable("away")):
        flushing = recorder.flush()
        await flushing
    recorder.note(told(guid))
    recorder.note(told(guid, "timeout"))
    await recorder.aclose()
    [line] = house.rows(IntegrationHour)
    assert (line.ok, line.failed) == (1, 2)
    assert house.rows(IntegrationHealth)[0].failures == 1


async def test_what_came_while_the_database_was_away_is_added(house: House, guid: str) -> None:
    recorder = Recorder(house.db, clock=house.time)

    async def away(*_args: object) -> None:
        recorder.note(told(guid))
        raise DatabaseUnavailable("away")

    recorder.note(told(guid, "timeout", skew=1.0))
    with mock.patch.object(house.db, "write", away):
        await recorder.flush()
    await recorder.aclose()
    [line] = house.rows(IntegrationHour)
    assert (line.ok, line.failed) == (1, 1)
    [row] = house.rows(IntegrationHealth)
    assert (row.failures, row.skew, row.error_code) == (0, 1.0, "timeout")


async def test_old_counts_are_removed(house: House, guid: str) -> None:
    recorder = Recorder(house.db, clock=house.time)
    recorder.note(told(guid))
    await recorder.flush()
    house.time.ahead = timedelta(days=9).total_seconds()
    recorder.note(told(guid))
    await recorder.flush()
    assert len(house.rows(IntegrationHour)) == 2
    with (
        mock.patch("server.health.recorder.asyncio.sleep", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        await recorder.keep_house()
    assert len(house.rows(IntegrationHour)) == 1
    await recorder.aclose()
