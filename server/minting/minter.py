"""Mints a viewer's token at an exchange: looks up what holds now, decides, signs, gives it again while it lasts."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from integrations.contract import Secret
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Integration, SigningKey, User
from server.keys.credentials import digest
from server.keys.keyring import SealBroken
from server.minting import claims as making
from server.minting import store
from server.minting.keys import SigningKeys
from server.minting.policy import Allowed, RoleRefused, allowed, chosen
from server.minting.terms import TEMPLATE, Terms, issuer_of, terms_of
from server.vault.errors import IntegrationBroken, NotConnected
from server.vault.terms import margin
from server.vault.tokens import Issued
from server.web.caller import Caller

MOST_KEPT: Final = 20_000
UNUSABLE: Final = "This server's signing key for the integration cannot be opened; an administrator should replace it."
ATTRIBUTES: Final[dict[str, Callable[[User], str]]] = {
    "username": lambda user: user.username,
    "email": lambda user: user.email,
}


@dataclass(frozen=True)
class Facts:
    """What holds at this moment for one viewer at one integration."""

    integration: Integration
    user: User
    given: Allowed


@dataclass(frozen=True)
class _Kept:
    token: Secret
    ends: float


def label_of(row: Integration) -> str:
    """What to call an integration in a sentence."""
    return row.name or row.template


class Minter:
    """Nothing is stored: each exchange looks up mapping, person and settings anew, so a change counts at once.

    A token is given again only while all that went into it is the same, and it has its margin left.
    """

    def __init__(
        self,
        db: Database,
        keys: SigningKeys,
        trail: Trail,
        *,
        origin: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._db, self._keys, self._trail, self._origin, self._clock = db, keys, trail, origin, clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._making: dict[str, asyncio.Future[_Kept]] = {}

    def terms(self, row: Integration) -> Terms:
        """How this integration's tokens look now."""
        return terms_of(row.config, issuer_of(self._origin, row.guid))

    async def facts(self, user_id: int, integration_id: int) -> Facts:
        """What holds now. Raises NotConnected where the integration mints nothing, or the person is gone."""
        return await self._db.read(_facts, user_id, integration_id)

    async def token(
        self,
        viewer: Caller,
        integration_id: int,
        *,
        role: str = "",
        content: str = "",
        min_ttl: float | None = None,
        force: bool = False,
    ) -> Issued:
        """A token for the viewer and `role`, empty for her first one; `content` is for the ledger.

        Raises RoleRefused (a sentence for her), NotConnected (not such an integration), IntegrationBroken.
        """
        facts = await self.facts(viewer.user_id, integration_id)
        terms, label = self.terms(facts.integration), label_of(facts.integration)
        wanted = chosen(facts.given, role, terms, label)
        login = facts.given.login or ATTRIBUTES[terms.user_attribute](facts.user)
        if terms.user_attribute == "email" and facts.user.email_own and not facts.given.login:
            # Else whoever types another's address would be that person at the warehouse.
            raise RoleRefused(
                f"You changed your e-mail address yourself, and {label} would know you by it. "
                "Ask an administrator of this server to save it for you."
            )
        if not login:
            raise RoleRefused(
                f"Your account has no {terms.user_attribute}, by which {label} would know you. "
                "Ask an administrator of this server."
            )
        lasting = making.lasting(terms, subject=facts.user.guid, login=login, role=wanted)
        key = await self._keys.active(facts.integration, bits=terms.key_bits)
        name = _name(lasting, key.kid, terms)
        moment = self._clock().timestamp()
        kept = self._kept.get(name)
        if kept is None or force or kept.ends - moment <= margin(terms.lifetime, min_ttl):
            claims = making.timed(terms, lasting, moment=moment, token_id=secrets.token_urlsafe(16))
            about = {"user": facts.user.guid, "integration": facts.integration.guid, "content": content, "role": wanted}
            kept = await self._once(name, lambda: self._sign(name, viewer, key, claims, about))
        return Issued(kept.token, "Bearer", max(0, int(kept.ends - moment)), (making.role_scope(wanted),))

    async def _once(self, name: str, sign: Callable[[], Awaitable[_Kept]]) -> _Kept:
        """Exchanges at the same time for the same thing share one token; no caller that leaves takes it along."""
        task = self._making.get(name)
        if task is None:
            task = asyncio.ensure_future(sign())
            self._making[name] = task
            task.add_done_callback(lambda _: self._making.pop(name, None))
        try:
            return await asyncio.shield(task)
        except SealBroken:
            raise IntegrationBroken(UNUSABLE) from None

    async def _sign(
        self, name: str, viewer: Caller, key: SigningKey, claims: dict[str, Any], about: dict[str, str]
    ) -> _Kept:
        """Sign and keep; kept before the task ends, so that nobody comes between and signs once more."""
        token = await self._keys.sign(key, claims)
        said = {fact: value for fact, value in about.items() if value}
        self._trail.later(viewer, "issue_token", **said, kid=key.kid, token_hash=digest(token.reveal())[:12])
        kept = self._kept[name] = _Kept(token, claims["exp"])
        self._kept.move_to_end(name)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return kept


def _name(lasting: dict[str, object], kid: str, terms: Terms) -> str:
    """Equal for tokens that are worth the same: everything that is in one but its times."""
    told = json.dumps([lasting, kid, terms.lifetime, terms.not_before], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _facts(session: Session, user_id: int, integration_id: int) -> Facts:
    integration, user = session.get(Integration, integration_id), session.get(User, user_id)
    if integration is None or integration.template != TEMPLATE or user is None:
        raise NotConnected
    entries = store.entries(session, integration_id, user_id)
    return Facts(integration, user, allowed(entries, user.guid, store.groups_of(session, user_id)))
