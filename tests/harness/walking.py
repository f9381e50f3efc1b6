"""A person's way through a provider's pages by HTTP: signing in, unticking, allowing, without a browser's screen."""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from dataclasses import dataclass, field

import httpx

MOST_PAGES = 6
_FORM = re.compile(r'<form method="post" action="([^"]*)".*?</form>', re.S)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_TICK = re.compile(r'<input type="checkbox" name="scope" value="([^"]*)" checked>')


@dataclass
class Walk:
    """Which pages were shown (`sign in`, `consent`, `problem`), and where the browser ended up, if anywhere else."""

    pages: list[str] = field(default_factory=list)
    url: str = ""
    status: int = 303
    text: str = ""

    @property
    def back(self) -> dict[str, str]:
        """The query that the browser carries back to the client."""
        return dict(httpx.URL(self.url).params)


async def walk(
    browser: httpx.AsyncClient,
    url: str,
    *,
    sub: str = "alice",
    untick: Collection[str] = (),
    decision: str = "allow",
    home: str = "/__oauth__/integrations/callback",
) -> Walk:
    """Follow an authorization request to its end: an address with the path `home`, or a page that goes nowhere."""
    done = Walk()
    for _ in range(MOST_PAGES):
        if httpx.URL(url).path.startswith(home):
            done.url = url
            return done
        answer = await browser.get(url)
        if answer.is_redirect:
            url = str(answer.url.join(answer.headers["location"]))
            continue
        answer = await _filled_in(browser, answer, done, sub=sub, untick=untick, decision=decision)
        if not answer.is_redirect:
            done.status, done.text = answer.status_code, answer.text
            return done
        url = str(answer.url.join(answer.headers["location"]))
    raise AssertionError(f"too many pages: {done.pages}")


async def _filled_in(
    browser: httpx.AsyncClient,
    page: httpx.Response,
    done: Walk,
    *,
    sub: str,
    untick: Collection[str],
    decision: str,
) -> httpx.Response:
    """Send the form that the page is about; the page itself when it has none."""
    for form in _FORM.finditer(page.text):
        fields: dict[str, str | list[str]] = {
            html.unescape(name): html.unescape(value) for name, value in _HIDDEN.findall(form[0])
        }
        action = page.url.join(html.unescape(form[1]))
        if action.path.endswith("/signin"):
            done.pages.append("sign in")
            return await browser.post(action, data={**fields, "continue_as": sub})
        if "form_key" in fields:
            done.pages.append("consent")
            ticked = [html.unescape(scope) for scope in _TICK.findall(form[0])]
            fields["scope"] = [scope for scope in ticked if scope not in untick]
            return await browser.post(action, data={**fields, "decision": decision})
    done.pages.append("problem")
    return page
