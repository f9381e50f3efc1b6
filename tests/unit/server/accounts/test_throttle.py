"""Waiting grows with failures, by account and by address."""

from server.accounts import throttle
from server.accounts.throttle import Throttle


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_first_tries_are_free_then_waiting_doubles():
    clock = Clock()
    door = Throttle(clock)
    waits = []
    for _ in range(9):
        waits.append(door.wait("name:ann"))
        door.failed("name:ann")
    assert waits[:5] == [0.0] * 5
    assert waits[5:] == [2.0, 4.0, 8.0, 16.0]
    clock.now += 31
    assert door.wait("name:ann") == 1.0
    clock.now += 1
    assert door.wait("name:ann") == 0.0


def test_waiting_has_an_end_and_failures_are_forgotten():
    clock = Clock()
    door = Throttle(clock)
    for _ in range(100):
        door.failed("a")
    assert door.wait("a") == throttle.LONGEST_WAIT
    clock.now += throttle.FORGET_AFTER + 1
    assert door.wait("a") == 0.0
    door.failed("a")
    assert door.wait("a") == 0.0


def test_the_longest_wait_of_several_keys_counts():
    door = Throttle(Clock())
    for _ in range(6):
        door.failed("address:1")
    assert door.wait("name:bob", "address:1") == 4.0
    assert door.wait("name:bob") == 0.0
    door.succeeded("address:1")
    assert door.wait("name:bob", "address:1") == 0.0


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(throttle, "MOST_KEYS", 10)
    door = Throttle(Clock())
    for number in range(1000):
        door.failed(f"address:{number}")
    assert len(door._failures) == 10


def test_tries_at_the_same_time_take_the_places_that_are_left():
    door = Throttle(Clock(), free=2)
    with door.trying("a"):
        assert door.wait("a") == 0.0
        with door.trying("a"):
            assert door.wait("a") > 0.0
            assert door.wait("b") == 0.0
    assert door.wait("a") == 0.0
    for _ in range(2):
        door.failed("a")
    assert door.wait("a") == 2.0


def test_somebody_whose_tries_are_used_up_gets_one_at_a_time():
    clock = Clock()
    door = Throttle(clock, free=2)
    for _ in range(5):
        door.failed("a")
    clock.now += 100
    assert door.wait("a") == 0.0
    with door.trying("a"):
        assert door.wait("a") > 0.0
