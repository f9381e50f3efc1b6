"""How often an app may ask: a bucket fills with time, and no app or viewer uses up another's."""

import pytest

from server.credentials.limits import HOLDS, WRONG, Buckets, Limits
from server.web.errors import ApiError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_holds_ten_seconds_worth_and_fills_with_time():
    clock = Clock()
    buckets = Buckets(5, clock)
    assert [buckets.take("a") for _ in range(int(5 * HOLDS))] == [0.0] * 50
    assert buckets.take("a") == pytest.approx(0.2)
    assert buckets.take("b") == 0
    clock.now += 0.4
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, pytest.approx(0.2)]
    clock.now += 3600
    assert buckets.take("a", 50) == 0
    assert buckets.take("a") > 0


def test_debts_end():
    clock = Clock()
    buckets = Buckets(5, clock)
    for _ in range(100):
        buckets.charge("a", WRONG)
    assert buckets.take("a") == pytest.approx(1.2)
    clock.now += 1.2
    assert buckets.take("a") == 0


def test_apps_and_their_viewers_are_apart():
    limits = Limits(2, 1, Clock())
    for _ in range(10):
        limits.viewer("a", "v")
    with pytest.raises(ApiError) as caught:
        limits.viewer("a", "v")
    assert (caught.value.status, caught.value.code, caught.value.retry) == (429, 277, pytest.approx(1))
    limits.viewer("a", "w")
    limits.viewer("b", "v")
    limits.wrong("a")
    limits.wrong("a")
    with pytest.raises(ApiError):
        limits.app("a")
    limits.app("b")


def test_one_viewer_who_is_refused_uses_up_nothing_of_the_others():
    limits, refused = Limits(2, 1, Clock()), 0
    for _ in range(1000):
        limits.app("a")
        try:
            limits.viewer("a", "flooding")
        except ApiError:
            refused += 1
    assert refused == 990
    for _ in range(10):
        limits.app("a")
        limits.viewer("a", "other")
