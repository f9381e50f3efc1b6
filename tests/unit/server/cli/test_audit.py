"""`tabard audit` on a real data directory: what is whole, what is broken, and what is printed."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.unit.server.cli.test_keys import Run, data, run

__all__ = ["data", "run"]


def test_a_whole_trail_and_every_break_has_its_code(run: Run, data: Path):
    code, out, _ = run("audit", "verify")
    assert code == 0
    assert out.startswith("the audit trail is whole: 1 events\nhead 1:")
    head = out.split()[-1]
    run("keys", "rotate", "--sessions")
    assert run("audit", "verify", "--head", head)[0] == 0
    assert run("audit", "verify", "--head", f"1:{'00' * 32}")[0] == 1
    assert run("audit", "verify", "--head", f"9:{'00' * 32}")[0] == 1
    assert "takes what an earlier run printed" in run("audit", "verify", "--head", "x")[2]
    with closing(sqlite3.connect(data / "tabard.db")) as db:
        db.execute("DROP TRIGGER audit_events_no_delete")
        db.execute("DELETE FROM audit_events WHERE seq = 1")
        db.commit()
    code, out, err = run("audit", "verify")
    assert (code, out) == (1, "")
    assert err == "tabard: the audit trail is broken: event 1 is missing; the next one there is 2\n"


def test_events_are_printed_as_lines(run: Run):
    for _ in range(2):
        run("keys", "rotate", "--sessions")
    code, out, _ = run("audit", "export")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["seq"] for line in lines] == [1, 2, 3, 4]
    assert set(lines[0]) == {
        "time", "seq", "id", "actor_guid", "actor", "action", "subject", "content", "integration", "connection",
        "bundle", "address", "request_id", "data", "mac",
    }  # fmt: skip
    since = lines[2]["time"]
    assert [json.loads(x)["seq"] for x in run("audit", "export", "--since", since)[1].splitlines()] == [3, 4, 5]
    until = run("audit", "export", "--until", since, "--since", "2020-01-01")[1]
    assert [json.loads(x)["seq"] for x in until.splitlines()] == [1, 2]
    assert run("audit", "export", "--user", "nobody") == (1, "", "tabard: Nobody is called nobody.\n")
    assert run("audit", "export", "--integration", "none")[0] == 1
