"""The Info tab shows an item's facts, changes its title and description, and hides what is not the caller's."""

import uuid
from datetime import timedelta

import pytest

from dashboard.content_pages import failure
from server.content import store as content
from server.db.clock import now
from server.db.models import Hit, Instance, Rendering
from tests.unit.dashboard.rig import Rig


async def test_what_one_may_not_see_answers_like_what_is_not_there(rig: Rig) -> None:
    guid, nothing = await rig.content("pat"), str(uuid.uuid4())
    bob = await rig.browser("bob", "publisher")
    for tab in ("info", "access", "logs", "logs/tail"):
        hidden, absent = await bob.get(f"/apps/{guid}/{tab}"), await bob.get(f"/apps/{nothing}/{tab}")
        assert hidden.status_code == absent.status_code == 404
        strip = hidden.text.replace(guid, "").split("Request")[0]
        assert strip == absent.text.replace(nothing, "").split("Request")[0]
    assert (await bob.post(f"/apps/{guid}/info", {"title": "Mine"})).status_code == 404
    assert (await bob.get("/apps/not-a-guid/info")).status_code == 404


async def test_those_who_may_only_open_it_are_told_so(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales", access="logged_in")
    alice = await rig.browser("alice")
    for tab in ("info", "access", "logs"):
        reply = await alice.get(f"/apps/{guid}/{tab}")
        assert reply.status_code == 403
        assert "for the people who can change Sales" in reply.text
        assert "Pat Example" in reply.text
    for path in ("info", "access/type", "access/people", "access/people/1/remove", "integrations"):
        assert (await alice.post(f"/apps/{guid}/{path}", {"access_type": "all"})).status_code == 403


async def test_the_facts(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales")
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    await rig.services.db.write(lambda s: rig.services.variables.put(s, view.id, {"SCHEMA": "CANARY-value"}))
    page = (await (await rig.browser("pat")).get(f"/apps/{guid}/info")).text
    for fact in (
        "None in the last 30 days",
        guid,
        f"http://localhost:3939/content/{guid}/",
        "3.11.7",
        "2.0 kB",
        "Streamlit",
        "SCHEMA",
    ):
        assert fact in page, fact
    assert "CANARY-value" not in page
    old = now() - timedelta(days=31)
    await rig.services.db.write(lambda s: s.add_all([Hit(content_id=view.id), Hit(content_id=view.id, time=old)]))
    assert "1 in the last 30 days" in (await (await rig.browser("pat")).get(f"/apps/{guid}/info")).text
    assert (await (await rig.browser("pat")).get(f"/apps/{guid}")).headers["location"] == f"/apps/{guid}/info"


async def test_saving_title_and_description(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales")
    pat = await rig.browser("pat")
    await pat.told(await pat.post(f"/apps/{guid}/info", {"title": " New title ", "description": "a\r\nb"}))
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    assert view.title == "New title"
    assert "a\nb</textarea>" in (await pat.get(f"/apps/{guid}/info")).text
    events = await rig.events("edit_content")
    assert events[0].actor == "pat"
    assert events[0].data == {"content_guid": guid, "fields": ["description", "title"]}


async def test_what_does_not_fit_is_kept_and_explained(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales")
    pat = await rig.browser("pat")
    reply = await pat.post(f"/apps/{guid}/info", {"title": "x" * 1001, "description": "kept <words>"})
    assert reply.status_code == 400
    assert "at most 1,000 fit" in reply.text
    assert "kept &lt;words&gt;" in reply.text
    assert "x" * 1001 in reply.text
    assert await rig.events("edit_content") == []


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({}, ""),
        ({"end_time": now(), "exit_code": 0}, ""),
        ({"end_time": now(), "error": "the server was restarted"}, ""),
        ({"end_time": now(), "exit_code": 1, "error": "Exit code 1"}, "Version 3 ended by itself. Exit code 1."),
        ({"end_time": now(), "error": "did not start: StartFailed"}, "Version 3 did not start."),
        (
            {"end_time": now(), "exit_code": 1, "error": "NameError: x", "tag": "build_jupyter"},
            "Version 3 could not be rendered. NameError: x.",
        ),
        (
            {"end_time": now(), "exit_code": 1, "error": "No such package.", "tag": "python_restore"},
            "Version 3 could not be prepared. No such package.",
        ),
    ],
)
def test_what_went_wrong_in_words(terms: dict[str, object], says: str) -> None:
    assert failure(Instance(**{"key": "k", "content_id": 1, "bundle_id": 3, "tag": "run_streamlit"} | terms)) == says


async def test_a_document_is_rendered_again_by_a_button(rig: Rig) -> None:
    guid = await rig.content("pat", "Report")
    rig.services.db.write_now(content.change, guid, {"app_mode": "jupyter-static"})
    rig.services.directory.forget(guid)
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    pat = await rig.browser("pat")
    button = f'action="/apps/{guid}/render"'
    before = (await pat.get(f"/apps/{guid}/info")).text
    assert "Published" in before
    assert button not in before, "nothing was rendered yet"
    shown = Rendering(content_id=view.id, bundle_id=view.bundle_id or 0, job_key="j", folder="f", primary="index.html")
    rig.services.db.write_now(lambda session: session.add(shown))
    assert button in (await pat.get(f"/apps/{guid}/info")).text
    assert "Rendering has begun." in await pat.told(await pat.post(f"/apps/{guid}/render", {}))
    (event,) = await rig.events("render")
    assert (event.actor, event.data["content_guid"]) == ("pat", guid)
    bob = await rig.browser("bob", "publisher")
    assert (await bob.post(f"/apps/{guid}/render", {})).status_code == 404
    app = await rig.content("pat", "App")
    assert (await pat.post(f"/apps/{app}/render", {})).status_code == 400


async def test_files_have_no_python_and_no_log(rig: Rig) -> None:
    guid = await rig.content("pat", "Site")
    rig.services.db.write_now(content.change, guid, {"app_mode": "static", "py_version": None})
    rig.services.directory.forget(guid)
    pat = await rig.browser("pat")
    assert "served as they are" in (await pat.get(f"/apps/{guid}/info")).text
    assert "write nothing" in (await pat.get(f"/apps/{guid}/logs")).text
