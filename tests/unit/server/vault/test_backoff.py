"""How long a provider is left alone, for one connection and for all of an integration."""

import pytest

from server.vault.backoff import LONGEST, PROBE, Backoff, Patience
from server.vault.errors import IntegrationBroken, TryLater


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def wait(backoff: Backoff, key: str = "a") -> float:
    trouble = backoff.trouble(key)
    if trouble is None:
        return 0.0
    assert isinstance(trouble, TryLater)
    return trouble.retry_after


def test_without_trouble_nobody_waits():
    backoff = Backoff()
    for _ in range(3):
        assert backoff.trouble("a") is None
        backoff.begin("a")
    backoff.spared("a")


def test_the_wait_grows_and_has_an_end():
    backoff = Backoff(Clock())
    waits = [backoff.failed("a", "no") for _ in range(12)]
    assert 0.75 <= waits[0] <= 1.25
    assert waits[0] < waits[2] < waits[5]
    assert max(waits) <= LONGEST * 1.25


def test_the_provider_says_how_long():
    clock = Clock()
    backoff = Backoff(clock, patience=3)
    assert backoff.failed("a", "slow down", asked=7) == 7
    clock.now = 5
    assert wait(backoff) == 2
    assert wait(backoff, "b") == 0


def test_after_the_wait_one_caller_tries():
    clock = Clock()
    backoff = Backoff(clock)
    backoff.failed("a", "no", asked=7)
    clock.now = 8
    assert wait(backoff) == 0
    backoff.begin("a")
    assert wait(backoff) == PROBE
    backoff.spared("a")
    assert wait(backoff) == 0
    backoff.begin("a")
    backoff.succeeded("a")
    assert wait(backoff) == 0


def test_who_waits_hears_what_was_wrong():
    backoff = Backoff(Clock())
    backoff.failed("a", "no such client", broken=True)
    trouble = backoff.trouble("a")
    assert isinstance(trouble, IntegrationBroken)
    assert trouble.reason == "no such client"


def test_a_connection_that_always_fails_costs_the_others_nothing():
    clock = Clock()
    patience = Patience(clock)
    for _ in range(20):
        clock.now += 100
        assert patience.trouble("bad", "i") is None
        patience.begin("bad", "i")
        assert patience.failed("bad", "i", "no", None) > 0
        assert patience.trouble("bad", "i") is not None
        assert patience.trouble("good", "i") is None
        patience.begin("good", "i")
        patience.answered("good", "i")


def test_several_failures_in_a_row_open_the_breaker_for_all_and_one_tries_again():
    clock = Clock()
    patience = Patience(clock)
    for name in ("a", "b", "c"):
        assert patience.trouble(name, "i") is None
        patience.begin(name, "i")
        patience.failed(name, "i", "no", None)
    assert patience.trouble("d", "i") is not None
    assert patience.trouble("d", "other") is None
    clock.now += 2
    assert patience.trouble("d", "i") is None
    patience.begin("d", "i")
    assert patience.trouble("e", "i") is not None
    patience.answered("d", "i")
    assert patience.trouble("e", "i") is None


@pytest.mark.parametrize(("everybody", "others"), [(True, True), (False, False)])
def test_a_client_that_is_refused_is_everybodys_trouble_or_perhaps_one_connections(everybody, others):
    patience = Patience(Clock())
    patience.refused("a", "i", "no", everybody=everybody)
    assert isinstance(patience.trouble("a", "i"), IntegrationBroken)
    assert (patience.trouble("b", "i") is not None) is others
    assert patience.trouble("a", "i with another secret") is None
