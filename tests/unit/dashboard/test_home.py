"""Home shows each person what is theirs to open, finds it, and says what to do when there is nothing."""

from datetime import UTC, datetime, timedelta

from dashboard import home
from server.oauth.integrations import Draft
from server.vault.outcomes import Outcome
from tests.unit.dashboard.rig import Rig, notices
from tests.unit.server.thumbnails.pictures import png


async def test_a_viewer_sees_what_is_shared_and_nothing_else(rig: Rig) -> None:
    shared = await rig.content("pat", "Shared numbers", access="logged_in")
    await rig.content("pat", "Private numbers")
    await rig.content("pat", "Not published", deployed=False, access="logged_in")
    alice = await rig.browser("alice")
    page = (await alice.get("/")).text
    assert f'href="/open/{shared}/"' in page
    assert "Private numbers" not in page
    assert "Not published" not in page
    assert f"/apps/{shared}" not in page


async def test_publishers_get_settings_and_a_table(rig: Rig) -> None:
    draft = await rig.content("pat", "Not published", deployed=False)
    guid = await rig.content("pat", "Sales")
    pat = await rig.browser("pat")
    cards = (await pat.get("/")).text
    assert f'href="/apps/{guid}/info"' in cards
    assert f'<h2><a href="/apps/{draft}/info">' in cards  # nothing to open yet
    table = (await pat.get("/?view=table")).text
    assert "<table" in table
    assert "<table" not in (await (await rig.browser("alice")).get("/?view=table")).text


async def test_an_administrator_without_rights_is_led_to_the_settings(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales")
    ada = await rig.browser("ada", "administrator")
    page = (await ada.get("/")).text
    assert f'<h2><a href="/apps/{guid}/info">' in page
    assert f'href="/open/{guid}/"' not in page


async def test_search_as_you_type_brings_the_cards_alone(rig: Rig) -> None:
    await rig.content("pat", "Sales by region")
    await rig.content("pat", "Churn model")
    pat = await rig.browser("pat")
    part = await pat.get("/home/cards?q=REGION+sales", **{"HX-Request": "true"})
    assert "Sales by region" in part.text
    assert "Churn" not in part.text
    assert "<html" not in part.text
    assert "Nothing matches “zebra”" in (await pat.get("/?q=zebra")).text


async def test_the_as_you_badge_and_a_failed_run_show(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales", access="logged_in")
    await rig.associate(guid, await rig.integration())
    alice = await rig.browser("alice")
    page = (await alice.get("/")).text
    assert "As you" in page
    assert "Failed" not in page
    run = await rig.run(guid, key="k1", exit_code=1, error="It ended with exit code 1.")
    await rig.services.db.write(lambda session: session.merge(run.model_copy(update={"end_time": run.start_time})))
    assert "Failed" in (await alice.get("/")).text


async def test_an_empty_home_names_whom_to_ask(rig: Rig) -> None:
    await rig.person("ada", "administrator")
    page = (await (await rig.browser("alice")).get("/")).text
    assert "Nothing is shared with you yet" in page
    assert "Ada Example" in page
    assert "ada@a.org" not in page  # viewers do not see other people's addresses


async def test_home_takes_a_constant_number_of_statements(rig: Rig) -> None:
    from sqlalchemy import event

    pat = await rig.browser("pat", "publisher")
    seen: list[str] = []
    event.listen(rig.services.db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    await rig.content("pat", "One")
    await pat.get("/")
    seen.clear()
    await pat.get("/")
    few = len(seen)
    for number in range(5):
        await rig.content("pat", f"More {number}")
    seen.clear()
    await pat.get("/")
    assert len(seen) == few


async def test_the_search_of_home_is_the_servers(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales")
    await rig.content("pat", "Churn")
    pat = await rig.browser("pat")
    for query, shown in (("streamlit+sales", True), ("owner:@me+sales", True), ("type:panel", False), ("pat", True)):
        assert (guid in (await pat.get(f"/home/cards?q={query}")).text) is shown, query


async def test_a_card_shows_the_picture_somebody_gave_it(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales")
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    pat = await rig.browser("pat")
    assert "<img" not in (await pat.get("/")).text
    await rig.services.thumbnails.put(pat.caller, view, png())
    page = (await pat.get("/")).text
    assert f'<img class="thumb" src="/__api__/v1/content/{guid}/thumbnail?' in page


async def test_more_than_anybody_looks_through_is_told_and_not_shown(rig: Rig, monkeypatch) -> None:
    monkeypatch.setattr(home, "MOST_SHOWN", 2)
    for number in range(3):
        await rig.content("pat", f"Item {number}")
    page = (await (await rig.browser("pat")).get("/")).text
    assert page.count('class="card app"') == 2
    assert "newest 2 of 3" in page


async def test_administrators_read_first_what_does_not_work(rig: Rig) -> None:
    ada, guid = await rig.browser("ada", "administrator"), await rig.integration("Warehouse")
    assert notices((await ada.get("/")).text) == []
    rig.services.health.recorder.note(Outcome(guid, "", "service", False, "invalid_client", "It refuses."))
    await rig.services.health.recorder.flush()
    assert notices((await ada.get("/")).text) == ["Problem: Warehouse does not work. It refuses."]
    pat = await rig.browser("pat", "publisher")
    assert notices((await pat.get("/")).text) == []
    other = await rig.integration("Lake")
    for left, words in (
        (timedelta(days=6, hours=1), "ends in 6 days."),
        (timedelta(hours=3), "ends within a day."),
        (timedelta(hours=-1), "has ended."),
    ):
        draft = Draft(secret_expires_at=datetime.now(UTC) + left, sent=frozenset({"secret_expires_at"}))
        await rig.services.integrations.change(ada.caller, other, draft)
        assert notices((await ada.get("/")).text)[1].endswith(words)
