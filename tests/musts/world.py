"""What the tests of the MUSTs stand on: the small server, an app of Paula's, and Alice and Bob who may open it."""

from __future__ import annotations

import secrets
from typing import Any

import httpx

from server.db.models import AuditEvent
from server.oauth.integrations import Draft
from tests.unit.server.vault.house import House, challenge_of

SITE = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:3939"}
BACK = "/__oauth__/integrations/callback"
EXCHANGE = "/__api__/v1/oauth/integrations/credentials"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
USER = "urn:posit:connect:user-session-token"
CONTENT = "urn:posit:connect:content-session-token"


class World:
    """`integration` is a viewer integration that `app` uses."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def build(self, **config: Any) -> World:
        house = self.house
        self.admin = await house.person("admin", "administrator")
        self.paula = await house.person("paula", "publisher")
        self.alice, self.bob = await house.person("alice"), await house.person("bob")
        self.integration = await house.integration(self.admin, **config)
        self.app = await house.content(self.paula)
        await house.associate(self.paula, self.app, self.integration)
        return self

    def browser(self, person: Any) -> httpx.AsyncClient:
        return self.house.browser(person.cookie)

    async def start(
        self, browser: httpx.AsyncClient, person: Any, integration: Any = None, headers: Any = None, **fields: str
    ) -> httpx.Response:
        """Press the button of the connect page."""
        guid = (integration or self.integration).guid
        form = {
            "csrf": self.house.csrf.token(person.caller.credential),
            "next": f"/content/{self.app.guid}/",
            "content": self.app.guid,
            **fields,
        }
        path = f"/__oauth__/integrations/{guid}/login"
        return await browser.post(path, data=form, headers=headers or SITE)

    async def begun(self, browser: httpx.AsyncClient, person: Any, integration: Any = None) -> dict[str, str]:
        """Start, and consent at the provider: what it sends back, and what was asked of it (`asked_...`)."""
        reply = await self.start(browser, person, integration)
        assert reply.status_code == 303, reply.text
        asked = challenge_of(reply.headers["location"])
        code = f"{person.caller.username}-{secrets.token_hex(8)}"
        self.house.provider.challenges[code] = asked["code_challenge"]
        return {"code": code, "state": asked["state"]}

    async def consent(self, person: Any, integration: Any = None) -> httpx.Response:
        """A whole consent."""
        browser = self.browser(person)
        return await browser.get(BACK, params=await self.begun(browser, person, integration))

    async def change(self, integration: Any = None, **config: str) -> None:
        """An administrator edits the integration."""
        row = integration or self.integration
        draft = Draft(config=config, sent=frozenset({"config"}))
        await self.house.integrations.change(self.admin.caller, row.guid, draft)

    async def exchange(self, person: Any = None, *, app: Any = None, client: Any = None, **changes: Any) -> Any:
        """Ask for a token, as the app does for `person`."""
        app = app or self.app
        handle = self.house.handles.viewer((person or self.alice).caller, app.guid)
        form = {"grant_type": GRANT, "subject_token_type": USER, "subject_token": handle, **changes}
        client = client or self.house.browser(key=app.key)
        return await client.post(EXCHANGE, data={name: value for name, value in form.items() if value is not None})

    async def token(self, person: Any = None, **changes: Any) -> str:
        answer = await self.exchange(person, **changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def events(self, action: str) -> list[AuditEvent]:
        await self.house.trail.aclose()
        return [row for row in self.house.rows(AuditEvent) if row.action == action]

    def expire(self) -> None:
        """Let every token that there is now end."""
        self.house.time.ahead += (self.house.provider.lifetime or 3600) + 1

    @property
    def redeemed(self) -> int:
        return len(self.house.provider.of("authorization_code"))


def told(answer: httpx.Response) -> tuple[int, int]:
    """Status and Connect's number of a refusal."""
    return answer.status_code, answer.json()["code"]
