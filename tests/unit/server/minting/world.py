"""An app that uses an external OAuth integration, Alice who looks at it, and who may carry which role."""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from server.groups import store as groups
from server.minting import keys as minting_keys
from server.minting.policy import Entry
from server.oauth.integrations import Draft
from tests.unit.server.vault.house import App, House, Person

EXCHANGE = "/__api__/v1/oauth/integrations/credentials"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
USER = "urn:posit:connect:user-session-token"
ACCOUNT = "https://myorg-myaccount.snowflakecomputing.com"
DEFAULT = Entry("default", "", ("PUBLIC",))

_make = minting_keys._make


@cache
def key_pair(bits: int, number: int) -> Any:
    """Key pairs take long to make: the n-th of each test is the same one."""
    return _make(bits)


class World:
    """`entries` are the mapping that the integration begins with."""

    async def build(self, house: House, *entries: Entry, **config: Any) -> World:
        self.house, self.minting = house, house.minting
        self.admin, self.owner = await house.person("admin", "administrator"), await house.person("paula", "publisher")
        self.alice, self.bob = await house.person("Alice"), await house.person("bob")
        self.integration = await self.integrate(**config)
        self.app = await house.content(self.owner)
        await house.associate(self.owner, self.app, self.integration)
        await self.map(*(entries or (DEFAULT,)))
        self.as_app, self.as_admin = house.browser(key=self.app.key), house.browser(key=self.admin.key)
        self.here = f"/__api__/v1/oauth/integrations/{self.integration.guid}"
        return self

    async def integrate(self, **config: Any) -> Any:
        draft = Draft(template="external-oauth", name="Warehouse", config={"audiences": ACCOUNT, **config})
        return await self.house.integrations.create(self.admin.caller, draft)

    async def configure(self, **config: Any) -> None:
        draft = Draft(config=config, sent=frozenset({"config"}))
        await self.house.integrations.change(self.admin.caller, self.integration.guid, draft)

    async def map(self, *entries: Entry) -> None:
        await self.minting.mapping.replace(self.admin.caller, self.integration.guid, list(entries))

    async def group(self, name: str, *members: Person) -> str:
        made = await self.house.db.write(groups.add, name, self.admin.id)
        for person in members:
            await self.house.db.write(groups.join, made.id, person.guid)
        return made.guid

    async def leave(self, group: str, person: Person) -> None:
        made = await self.house.db.read(groups.by_guid, group)
        await self.house.db.write(groups.leave, made.id, person.guid)

    async def exchange(self, person: Person | None = None, app: App | None = None, **changes: str) -> httpx.Response:
        at = app or self.app
        handle = self.house.handles.viewer((person or self.alice).caller, at.guid)
        form = {"grant_type": GRANT, "subject_token_type": USER, "subject_token": handle, **changes}
        client = self.as_app if app is None else self.house.browser(key=at.key)
        return await client.post(EXCHANGE, data=form)

    async def claims(self, person: Person | None = None, **changes: str) -> dict[str, Any]:
        """The claims of a token that was exchanged, verified with the published keys."""
        answer = await self.exchange(person, **changes)
        assert answer.status_code == 200, answer.text
        return (await self.verified(answer.json()["access_token"])).claims

    async def jwks(self) -> list[dict[str, Any]]:
        path = f"/__oauth__/issuers/{self.integration.guid}/jwks.json"
        found: list[dict[str, Any]] = (await self.house.browser().get(path)).json()["keys"]
        return found

    async def verified(self, token: str) -> Any:
        return jwt.decode(token, KeySet.import_key_set({"keys": await self.jwks()}), algorithms=["RS256"])


def told(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


def rsa(pem: str) -> RSAKey:
    return RSAKey.import_key(pem)
