"""Every gate renders, keeps to the content security policy, and shows hostile text as text."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pytest

from server.pages import render as pages
from tools.page_hostile import ATTACK, HARMLESS, hostile
from tools.page_lint import faults, tags
from tools.page_samples import Sample, gate_samples

SAMPLES = {sample.slug: sample for sample in gate_samples()}
each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())


@each_sample
def test_page_keeps_our_rules(sample: Sample) -> None:
    html = sample.html()
    assert faults(html) == []
    assert len(html.encode()) < 30_000
    assert f"<title>{sample.view.page.title} · Tabard</title>" in html


@each_sample
def test_hostile_text_stays_text(sample: Sample) -> None:
    html = sample.draw(sample.screen, hostile(sample.view))
    assert tags(html) == tags(sample.draw(sample.screen, hostile(sample.view, HARMLESS)))
    assert ATTACK not in html
    assert "{{ 7*7 }}" in html


@each_sample
def test_viewers_never_read_of_tokens_or_oauth(sample: Sample) -> None:
    text = sample.html().lower().replace("/__oauth__/", "").replace("/oauth/v1/", "")
    assert not [word for word in ("token", "grant", "oauth") if word in text]


def test_every_template_of_a_screen_is_sampled() -> None:
    parts = {"layout", "gate", "icons", "pieces", "asking"}
    screens = {path.stem for path in pages.TEMPLATES.glob("*.html")} - parts
    assert screens == {sample.screen for sample in SAMPLES.values()}


def test_a_name_the_view_lacks_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "lacking.html").write_text("{{ view.nothing_of_the_kind }}")
    view = SAMPLES["sign-in"].view
    with pytest.raises(jinja2.UndefinedError):
        pages.environment(tmp_path).get_template("lacking.html").render(view=view, page=view.page)


def test_an_unknown_icon_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "iconic.html").write_text('{% from "icons.html" import icon %}{{ icon("no-such-icon") }}')
    with pytest.raises(jinja2.UndefinedError):
        pages.environment(tmp_path).get_template("iconic.html").render()


def test_unknown_screen_is_an_error() -> None:
    with pytest.raises(jinja2.TemplateNotFound):
        pages.render("nowhere", SAMPLES["sign-in"].view)


def test_filters_speak_of_the_clock_they_were_given(tmp_path: Path) -> None:
    (tmp_path / "clock.html").write_text(
        "{{ at | ago }}|{{ at | exact }}|{{ at | iso }}|{{ 1204 | plural('app', 'apps') }}"
    )
    made = pages.environment(tmp_path, now=lambda: datetime(2026, 1, 1, 3, tzinfo=UTC))
    words = made.get_template("clock.html").render(at=datetime(2026, 1, 1, tzinfo=UTC))
    assert words == "3 hours ago|1 January 2026, 00:00 UTC|2026-01-01T00:00:00+00:00|1,204 apps"


def test_connect_says_in_whose_name_and_carries_the_way_back() -> None:
    html = SAMPLES["connect"].html()
    view = SAMPLES["connect"].view
    assert "It will see what you may see there, and nothing else. You can disconnect at any time." in html
    assert f'action="/__oauth__/integrations/{view.asking.integration_guid}/login"' in html
    assert f'name="next" value="{view.asking.next}"' in html
    assert f'name="content" value="{view.asking.content_guid}"' in html
    assert f'value="{view.page.csrf}"' in html


def test_sign_in_remembers_where_and_who_but_no_password() -> None:
    view = dataclasses.replace(SAMPLES["sign-in"].view, username="alice", problem="No.")
    html = pages.render("sign_in", view)
    assert f'name="next" value="{view.next}"' in html
    assert 'value="alice"' in html
    assert 'role="alert"' in html
    assert 'type="password" autocomplete="current-password" required autofocus>' in html


def test_only_the_starting_page_reloads_itself() -> None:
    reloading = {sample.screen for sample in SAMPLES.values() if "http-equiv" in sample.html()}
    assert reloading == {"starting"}
    assert "<noscript><meta" in SAMPLES["starting"].html()


def test_static_files_are_where_the_pages_look() -> None:
    assert (pages.STATIC / "favicon.svg").read_text().count("<path") == 1
    for name in ("tabard.css", "tabard.js", "gate.js", "icons.LICENSE"):
        assert (pages.STATIC / name).is_file()
