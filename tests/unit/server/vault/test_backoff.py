"""How long a provider is left alone."""

from server.vault.backoff import LONGEST, PROBE, Backoff


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_trouble_nobody_waits():
    backoff = Backoff()
    assert [backoff.wait("a") for _ in range(3)] == [0.0] * 3


def test_the_wait_grows_and_has_an_end():
    backoff = Backoff(Clock())
    waits = [backoff.failed("a") for _ in range(12)]
    assert 0.75 <= waits[0] <= 1.25
    assert waits[0] < waits[2] < waits[5]
    assert max(waits) <= LONGEST * 1.25


def test_the_provider_says_how_long():
    clock = Clock()
    backoff = Backoff(clock)
    assert backoff.failed("a", 7) == 7
    clock.now = 5
    assert backoff.wait("a") == 2
    assert backoff.wait("b") == 0


def test_after_the_wait_one_caller_tries():
    clock = Clock()
    backoff = Backoff(clock)
    backoff.failed("a", 7)
    clock.now = 8
    assert backoff.wait("a") == 0
    assert backoff.wait("a") == PROBE
    backoff.succeeded("a")
    assert backoff.wait("a") == 0
