"""A viewer without a browser: signs in, follows redirects, fills in the forms that stand between her and an app."""

from __future__ import annotations

from html.parser import HTMLParser
from types import TracebackType
from urllib.parse import urljoin

import httpx
from compose_engine import StepFailed


class _Forms(HTMLParser):
    """Every form of a page: where it posts, its hidden fields, its buttons' names and values."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], list[tuple[str, str]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), {}, []))
        elif self.found and tag == "input" and given.get("type") == "hidden":
            self.found[-1][1][given.get("name", "")] = given.get("value", "")
        elif self.found and tag == "button" and given.get("name"):
            self.found[-1][2].append((given["name"], given.get("value", "")))


class Visitor:
    """One viewer's cookies, at the gateway and at the provider."""

    def __init__(self, gateway: str, provider: str) -> None:
        self._gateway, self._provider = gateway, provider
        self._client = httpx.Client(timeout=60, trust_env=False, headers={"Accept": "text/html"})

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def sign_in(self, username: str, password: str) -> None:
        """At the gateway's own page. Raises StepFailed."""
        page = self._client.get(f"{self._gateway}/__login__")
        _, hidden, _ = self._form(page, "/__login__")
        reply = self._post(page, f"{self._gateway}/__login__", {**hidden, "username": username, "password": password})
        if reply.status_code != 303:
            raise StepFailed(f"signing in answered {reply.status_code}")

    def connect(self, path: str, person: str) -> None:
        """Open content, agree at the provider as `person`, and come back to the content. Raises StepFailed."""
        page = self._client.get(self._gateway + path)
        action, hidden, _ = self._form(page, "/__oauth__/integrations/")
        at_provider = self._follow(self._post(page, urljoin(str(page.url), action), hidden))
        action, hidden, _ = self._form(at_provider, "/signin")
        answer = self._post(at_provider, urljoin(self._provider, action), {**hidden, "continue_as": person})
        consent = self._follow(answer)
        action, hidden, _ = self._form(consent, "/authorize")
        answer = self._post(consent, urljoin(self._provider, action), {**hidden, "decision": "allow"})
        content = self._follow(answer)
        if content.url.path != path or content.status_code != 200 or "streamlit" not in content.text.lower():
            raise StepFailed(f"the consent ended at {content.url.path} with {content.status_code}")

    def _form(self, page: httpx.Response, start: str) -> tuple[str, dict[str, str], list[tuple[str, str]]]:
        forms = _Forms()
        forms.feed(page.text)
        for form in forms.found:
            if form[0].startswith(start):
                return form
        raise StepFailed(f"{page.url.path} ({page.status_code}) has no form for {start}")

    def _post(self, page: httpx.Response, url: str, fields: dict[str, str]) -> httpx.Response:
        origin = f"{page.url.scheme}://{page.url.netloc.decode()}"
        return self._client.post(url, data=fields, headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"})

    def _follow(self, reply: httpx.Response) -> httpx.Response:
        """As a browser does: redirects, and pages that name the next address in a Refresh header."""
        for _ in range(10):
            if reply.next_request is None:
                return reply
            reply = self._client.get(reply.next_request.url)
        raise StepFailed(f"too many redirects, the last to {reply.url.path}")
