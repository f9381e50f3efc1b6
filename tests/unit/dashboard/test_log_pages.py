"""The Logs tab filters, and its tail says nothing when there is nothing."""

import re
from pathlib import Path

from runners import output
from server.db.clock import now
from tests.unit.dashboard.rig import Rig


def write(rig: Rig, key: str, stream: str, text: str) -> None:
    log: Path = output.folder(rig.services.data_dir / "run" / key)
    log.mkdir(parents=True, exist_ok=True)
    with (log / stream).open("a") as file:
        file.write(text)


def lines(page: str) -> list[str]:
    return re.findall(r'class="log-text">([^<]*)', page)


def poll(page: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found
    return found.group(1).replace("&amp;", "&")


async def test_lines_streams_words_and_instances(rig: Rig) -> None:
    guid = await rig.content("pat")
    await rig.run(guid, key="aaaa")
    await rig.run(guid, key="bbbb")
    write(rig, "aaaa", "stdout", "first says <b>hello</b>\n")
    write(rig, "bbbb", "stderr", "second complains\n")
    pat = await rig.browser("pat")
    at = f"/apps/{guid}/logs"
    everything = (await pat.get(at)).text
    assert "first says &lt;b&gt;hello&lt;/b&gt;" in everything
    assert len(lines(everything)) == 4
    assert lines((await pat.get(f"{at}?stream=stderr")).text) == ["second complains"]
    assert lines((await pat.get(f"{at}?stream=tabard")).text) == ["Starting version 1"] * 2
    assert lines((await pat.get(f"{at}?q=COMPLAINS")).text) == ["second complains"]
    assert lines((await pat.get(f"{at}?instance=aaaa&stream=stdout")).text) == ["first says &lt;b&gt;hello&lt;/b&gt;"]
    assert len(lines((await pat.get(f"{at}?instance=../../etc&stream=nonsense")).text)) == 4
    assert "No line matches this filter." in (await pat.get(f"{at}?q=zebra")).text


async def test_the_tail(rig: Rig) -> None:
    guid = await rig.content("pat")
    await rig.run(guid, key="aaaa")
    write(rig, "aaaa", "stdout", "one\n")
    pat = await rig.browser("pat")
    tail = poll((await pat.get(f"/apps/{guid}/logs?q=o")).text)
    assert (await pat.get(tail)).status_code == 204
    write(rig, "aaaa", "stdout", "two\nnothing of it\nthree\n")
    reply = await pat.get(tail)
    assert lines(reply.text) == ["two", "nothing of it"]
    assert (await pat.get(poll(reply.text))).status_code == 204


async def test_lines_that_match_nothing_still_move_the_tail_on(rig: Rig) -> None:
    guid = await rig.content("pat")
    await rig.run(guid, key="aaaa")
    pat = await rig.browser("pat")
    tail = poll((await pat.get(f"/apps/{guid}/logs?q=zebra")).text)
    write(rig, "aaaa", "stdout", "nothing\n")
    reply = await pat.get(tail)
    assert reply.status_code == 200
    assert lines(reply.text) == []
    assert poll(reply.text) != tail


async def test_renderings_are_chosen_by_when_they_were(rig: Rig) -> None:
    guid = await rig.content("pat")
    await rig.run(guid, key="aaaa", tag="build_jupyter")
    await rig.run(guid, key="bbbb", tag="build_jupyter", end_time=now(), exit_code=1, error="boom")
    page = (await (await rig.browser("pat")).get(f"/apps/{guid}/logs")).text
    assert "Version 1, rendering since" in page
    assert "Version 1, not rendered" in page
