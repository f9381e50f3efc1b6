"""Who holds a lease, and whether the holder still lives."""

import os

from server.vault.owner import is_dead, new_owner


def test_every_engine_has_a_name_of_its_own():
    assert new_owner() != new_owner()


def test_this_process_lives():
    assert not is_dead(new_owner())


def test_another_process_of_this_number_is_dead_and_what_cannot_be_told_lives():
    place, pid, start, rest = new_owner().split("|")
    assert int(pid) == os.getpid()
    assert is_dead(f"{place}|{pid}|{int(start) - 1}|{rest}")
    assert is_dead(f"{place}|4194305|{start}|{rest}")
    for unknown in (f"elsewhere|{pid}|1|{rest}", f"{place}|{pid}||{rest}", "", None, "|||"):
        assert not is_dead(unknown)
