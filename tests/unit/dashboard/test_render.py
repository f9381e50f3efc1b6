"""Every screen of the dashboard renders, keeps to the content security policy, and shows hostile text as text."""

import dataclasses
import gzip
import re
from typing import Any

import pytest

from dashboard import render as dashboard
from server.pages import render as pages
from tools.page_hostile import ATTACK, HARMLESS, hostile
from tools.page_lint import faults, tags
from tools.page_samples import (
    ALICE,
    Sample,
    account_samples,
    activity_samples,
    content_samples,
    group_samples,
    home_samples,
    integration_samples,
    reference_samples,
)

ROOMS = (
    home_samples,
    content_samples,
    group_samples,
    integration_samples,
    account_samples,
    reference_samples,
    activity_samples,
)
SAMPLES = {slug: Sample(slug, screen, view, dashboard.render) for room in ROOMS for slug, screen, view in room()}
each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())


def elements(html: str) -> list[str]:
    """The elements of a page but for the shapes of the pictures, which follow from the titles."""
    return [tag for tag in tags(html) if not tag.startswith(("path", "rect", "circle"))]


def html_of(slug: str, **changes: Any) -> str:
    sample = SAMPLES[slug]
    return sample.draw(sample.screen, dataclasses.replace(sample.view, **changes))


@each_sample
def test_page_keeps_our_rules(sample: Sample) -> None:
    assert faults(sample.html()) == []


@each_sample
def test_hostile_text_stays_text(sample: Sample) -> None:
    html = sample.draw(sample.screen, hostile(sample.view))
    harmless = sample.draw(sample.screen, hostile(sample.view, HARMLESS))
    assert elements(html) == elements(harmless)
    assert ATTACK not in html
    assert "{{ 7*7 }}" in html


@each_sample
def test_page_and_what_it_loads_stay_small(sample: Sample) -> None:
    html = sample.html()
    folders = {"/static/": pages.STATIC, "/dashboard-static/": dashboard.STATIC}
    loaded = [
        folders[prefix] / name
        for prefix, name in re.findall(r'(?:src|href)="(/static/|/dashboard-static/)([^"]+)"', html)
    ]
    assert len(loaded) >= 4
    packed = sum(len(gzip.compress(path.read_bytes())) for path in loaded)
    assert len(html.encode()) + packed < 70_000
    if not any(path.name == "htmx.min.js" for path in loaded):
        assert len(html.encode()) + sum(path.stat().st_size for path in loaded) < 70_000


@pytest.mark.parametrize("slug", [slug for slug, sample in SAMPLES.items() if sample.view.page.person == ALICE])
def test_viewers_never_read_of_tokens_or_oauth(slug: str) -> None:
    text = html_of(slug).lower().replace("/__oauth__/", "")
    assert not [word for word in ("token", "grant", "oauth") if word in text]


def test_every_template_of_a_screen_is_sampled() -> None:
    parts = {
        "shell",
        "moving",
        "content",
        "content_labels",
        "words",
        "thumbnail",
        "home_cards",
        "log_lines",
        "log_poll",
        "log_tail",
    }
    parts |= {"reference_list", "reference_words", "integration_head", "integration_tried", "connection_words"}
    screens = {path.stem for path in dashboard.TEMPLATES.glob("*.html")} - parts
    assert screens == {sample.screen for sample in SAMPLES.values()}


def test_htmx_may_not_evaluate_nor_leave_nor_remember() -> None:
    html = html_of("home-viewer")
    for setting in (
        '"allowEval":false',
        '"includeIndicatorStyles":false',
        '"selfRequestsOnly":true',
        '"historyCacheSize":0',
    ):
        assert setting in html


def test_viewers_see_no_publishing_parts() -> None:
    html = html_of("home-viewer")
    for part in ('href="/keys"', 'href="/integrations"', "view=table", "/info"):
        assert part not in html
    assert 'href="/connections"' in html


def test_the_current_item_of_the_navigation_is_marked() -> None:
    assert '<a href="/connections" aria-current="page">' in html_of("connections")


def test_an_empty_server_tells_publishers_the_next_line() -> None:
    html = html_of("home-empty-publisher")
    assert 'data-copy="rsconnect add -n tabard -s http://localhost:3939 -k YOUR_API_KEY"' in html
    assert 'data-copy="rsconnect deploy streamlit -n tabard ."' in html


def test_an_empty_home_tells_viewers_whom_to_ask() -> None:
    html = html_of("home-empty-viewer")
    assert "rsconnect" not in html
    assert "Priya Raman</a> or Ada Okafor." in html


def test_the_cards_alone_are_a_fragment() -> None:
    html = dashboard.render("home_cards", SAMPLES["home-publisher"].view)
    assert "<html" not in html
    assert html.count("<li") == 8


def test_a_search_without_result_offers_the_way_back() -> None:
    html = html_of("home-none-match")
    assert "Nothing matches “quartely revenue”" in html
    assert '<a href="/">Show everything</a>' in html


def test_anyone_is_not_offered_while_an_integration_needs_to_know_who() -> None:
    blocked = 'name="access_type" value="all" disabled'
    assert blocked in html_of("access")
    assert blocked not in html_of("access-empty")


def test_the_login_button_is_for_viewer_integrations_not_yet_connected() -> None:
    assert html_of("access").count('/login"') == 1
    connected = html_of("access-connected")
    assert '/login"' not in connected
    assert "/connections/n1/disconnect" in connected
    assert "<strong>alice@sandbox.example</strong>" in connected


def test_the_owner_cannot_be_removed() -> None:
    assert html_of("access").count("/access/people/") == 3


def test_without_a_script_the_dialog_is_drawn_open() -> None:
    assert '<dialog id="add-integration" aria-labelledby="add-title" open>' in html_of("access-adding")
    assert '<dialog id="add-integration" aria-labelledby="add-title">' in html_of("access")


def test_readers_of_an_app_get_no_forms_and_no_other_tabs() -> None:
    html = html_of("info-viewer")
    assert 'action="/apps/' not in html
    assert "/access" not in html
    assert "SALES_SCHEMA" not in html


def test_the_tail_brings_new_lines_and_the_next_question() -> None:
    view = dataclasses.replace(SAMPLES["logs"].view, last="a1.99.0.2", query="a&b", stream="stderr")
    html = dashboard.render("log_tail", view)
    assert html.count('class="log-line') == 36
    assert "after=a1.99.0.2&amp;instance=&amp;stream=stderr&amp;q=a%26b" in html
    assert 'hx-swap-oob="true"' in html
    assert "<html" not in html


def test_a_refused_form_keeps_what_was_typed_and_says_why() -> None:
    html = html_of("integration-form-wrong")
    assert 'value="http://sso.example.org/authorize"' in html
    assert "This must start with https://" in html
    assert "3 fields need another look" in html
    assert 'aria-describedby="config-authorization-uri-hint config-authorization-uri-problem"' in html


def test_a_kept_secret_is_never_on_the_page() -> None:
    html = html_of("integration-edit")
    field = html[html.index('id="config-client_secret"'.replace("_", "-")) :][:300]
    assert 'value=""' in field
    assert "Leave empty to keep it." in field


def test_testing_is_for_service_accounts_and_deleting_for_what_exists() -> None:
    assert "/integrations/i2/test" in html_of("integration-service")
    assert "/integrations/i2/test" not in html_of("integration-fresh")
    assert "/delete" in html_of("integration-fresh")
    assert "/delete" not in html_of("integration-form")


def test_deleting_counts_who_would_notice() -> None:
    html = html_of("integration-delete")
    assert "2 apps use this; 5 people will have to connect again." in html
    assert "1 app uses this; 1 person will have to connect again." in html_of("integration-delete", apps=1, people=1)
    assert "and 5 more" in html_of("integration-delete", apps=7)


def test_disconnecting_counts_the_apps() -> None:
    assert "2 apps will ask you to connect again" in html_of("connections")


def test_a_new_key_is_shown_once_and_not_in_the_views_repr() -> None:
    view = SAMPLES["keys-made"].view
    assert view.new_key in html_of("keys-made")
    assert view.new_key not in repr(view)


def test_the_old_address_page_helps_without_a_script() -> None:
    html = html_of("connect-hash")
    assert "<noscript>" in html
    assert 'src="/dashboard-static/hash.js"' in html
