"""Activity: searched, narrowed and paged by administrators, who can verify and export but change nothing."""

import re

from server.db.chain import Chain
from server.db.models import Content
from tests.unit.dashboard.rig import Rig, notices

GUID = "046f9a7d-3c00-41db-9ac7-0d153f2edfdd"


def texts(page: str) -> list[str]:
    return re.findall(r'<summary><span class="strong">(.*?)</span>', page)


async def told(rig: Rig) -> str:
    """Three events; returns the GUID of whom they concern."""
    alice = await rig.person("alice")
    owner = Content(guid=GUID, name="sales", title="Sales", owner_id=alice.user_id, app_mode="python-streamlit")
    await rig.services.db.write(lambda session: session.add(owner))
    trail = rig.services.trail
    await trail.append(None, "exchange_credentials", content=GUID, integration=GUID, connection=GUID, user=alice.guid)
    await trail.append(None, "sign_in_failed", username="<b>", address="192.0.2.9")
    await trail.append(None, "edit_schedule", content=GUID)
    return alice.guid


async def test_events_are_found_by_words_and_by_what_they_concern(rig: Rig) -> None:
    alice = await told(rig)
    ada = await rig.browser("ada", "administrator")

    async def found(query: str = "") -> list[str]:
        reply = await ada.get(f"/activity?{query}")
        assert reply.status_code == 200
        return texts(reply.text)

    used = "Sales used Alice Example’s former connection"
    assert (await found())[:3] == ["Tabard changed schedule of Sales", "Somebody failed to sign in as &lt;b&gt;", used]
    assert await found("q=ALICE") == [used]
    assert await found("q=sales") == ["Tabard changed schedule of Sales", used]
    assert await found("q=192.0.2.9") == ["Somebody failed to sign in as &lt;b&gt;"]
    assert await found("q=App+used") == [used]
    assert await found(f"q={GUID}") == ["Tabard changed schedule of Sales", used]
    assert await found("q=zebra%00") == []
    assert await found(f"connection={GUID}") == [used]
    assert await found(f"user={alice}&action=exchange_credentials") == [used]
    assert await found("since=2999-01-01") == []
    assert await found("until=2020-01-01") == []
    assert len(await found("user=nonsense&action=!")) >= 3


async def test_pages_keep_what_was_looked_for(rig: Rig, monkeypatch) -> None:
    monkeypatch.setattr("dashboard.activity_pages.ROWS", 2)
    for number in range(5):
        await rig.services.trail.append(None, "count", number=number)
    ada = await rig.browser("ada", "administrator")
    first = (await ada.get("/activity?action=count")).text
    older = re.search(r'href="(/activity[^"]*)">Older', first)
    assert older is not None
    assert "action=count" in older[1]
    second = (await ada.get(older[1].replace("&amp;", "&"))).text
    assert re.findall(r"<dt>Number</dt><dd class=\"mono\">(\d)", first + second) == ["4", "3", "2", "1"]
    newer = re.search(r'href="(/activity[^"]*)">Newer', second)
    assert newer is not None
    again = (await ada.get(newer[1].replace("&amp;", "&"))).text
    assert re.findall(r"<dt>Number</dt><dd class=\"mono\">(\d)", again) == ["4", "3"]
    wrong = await ada.get("/activity?since=yesterday")
    assert (wrong.status_code, "Type a day like" in wrong.text) == (400, True)


async def test_verifying_says_what_it_found_and_nobody_else_comes_in(rig: Rig) -> None:
    ada = await rig.browser("ada", "administrator")
    rig.services.db.chain = None
    assert "does not link" in notices(await ada.told(await ada.post("/activity/verify", {})))[0]
    rig.services.db.link_events(Chain(b"c" * 32))
    said = notices(await ada.told(await ada.post("/activity/verify", {})))[0]
    assert "events are as they were written" in said or "broken" in said
    pat = await rig.browser("pat", "publisher")
    assert (await pat.get("/activity")).status_code == 403
    assert (await pat.post("/activity/verify", {})).status_code == 403
    assert 'href="/activity"' not in (await pat.get("/")).text
    assert 'href="/activity"' in (await ada.get("/")).text
