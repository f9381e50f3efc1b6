"""Output as it comes: everything that was printed, and an end."""

import json
from pathlib import Path

from server.instances.tail import events


async def test_everything_until_the_end(tmp_path: Path):
    (tmp_path / "stdout").write_text("one\n")
    (tmp_path / "stderr").write_text("")
    left = [True, True, False]

    async def running() -> bool:
        if len(left) == 2:
            with (tmp_path / "stdout").open("a") as file:
                file.write("two\n")
        return left.pop(0) if len(left) > 1 else False

    sent = b"".join([part async for part in events(tmp_path, running, pause=0.01)]).decode()
    data = [json.loads(line.removeprefix("data: ")) for line in sent.splitlines() if line.startswith("data:")]
    assert [entry.get("data") for entry in data] == ["one", "two", None]
    assert sent.endswith("event: end\ndata: {}\n\n")


async def test_no_longer_than_allowed(tmp_path: Path):
    async def running() -> bool:
        return True

    sent = [part async for part in events(tmp_path, running, pause=0.01, longest=0.05)]
    assert sent == [b"event: end\ndata: {}\n\n"]
