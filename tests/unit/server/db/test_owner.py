"""Who holds a lease, and whether the holder still lives."""

import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

from server.db.owner import is_dead, left_behind, new_owner


def test_every_engine_has_a_name_of_its_own():
    assert new_owner() != new_owner()


def test_this_process_lives():
    assert not is_dead(new_owner())


def test_another_process_of_this_number_is_dead_and_what_cannot_be_told_lives():
    place, pid, start, rest = new_owner().split("|", 3)
    assert int(pid) == os.getpid()
    assert is_dead(f"{place}|{pid}|{int(start) - 1}|{rest}")
    assert is_dead(f"{place}|4194305|{start}|{rest}")
    for unknown in (f"elsewhere|{pid}|1|{rest}", f"{place}|{pid}||{rest}", "", None, "|||"):
        assert not is_dead(unknown)


def test_what_a_starting_gateway_ends_is_its_own_or_a_dead_ones():
    me = new_owner("home")
    place, _pid, start, _rest = me.split("|", 3)
    dead, before, copied = f"{place}|4194305|{start}|x|other", "another boot|7|1|x|home", new_owner("home")
    other, unknown = new_owner("other"), "another machine|7|1|x|other"
    found = left_behind([None, dead, before, copied, other, unknown, dead, me], me)
    assert sorted(map(str, found)) == sorted(map(str, [None, dead, before, me]))
    assert left_behind(["another machine|7|1|x|", "nonsense"], new_owner()) == []


def test_a_process_that_has_ended_is_dead_before_its_parent_asks():
    child = subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdin=PIPE, stdout=PIPE)
    with child:
        assert child.stdout is not None
        child.stdout.read(1)
        place = new_owner().split("|")[0]
        start = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
        owner = f"{place}|{child.pid}|{start}|x|"
        assert not is_dead(owner)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert is_dead(owner)
