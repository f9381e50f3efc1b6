"""Which vendor role a consent is for: what the publisher pinned, what a person may pick, and what she picked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.template import Template
from server.connect.answer import Answer
from server.connect.asking import Ask
from server.oauth.choices import DEFAULT, Choices
from server.oauth.integrations import Integrations
from server.pages.views import RoleAsk, RoleOffer
from server.vault.connections import Connections, ConnectionView
from server.vault.errors import said
from server.web.caller import Caller

# How the form of the connect screen says which role was picked.
PICK, TYPED = "role_pick", "role"
DEFAULT_PICK, TYPED_PICK, NAMED_PICK = "default", "typed", "named:"
MOST_OFFERED = 20
# Refusals that can be about the role: at the authorization endpoint (RFC 6749 section 4.1.2.1) ...
ROLE_ERRORS = frozenset({"invalid_scope", "unauthorized", "unauthorized_client"})
# ... and the codes by which the token endpoint's errors are known here.
ROLE_CODES = frozenset({"invalid_scope", "unauthorized_client", "status_400", "status_403", "unknown_error"})


@dataclass(frozen=True)
class Roles:
    """The roles of one person at one integration, for one content item or for none.

    `current` is the one that counts there now; `pinned` is the publisher's, "" without one. `own` are her connections
    there, by role. `known` are the roles she has used or chosen.
    """

    template: Template | None
    taken: bool
    current: str
    pinned: str
    own: Mapping[str, ConnectionView]
    known: tuple[str, ...]

    def problem(self, role: str) -> str | None:
        """Why no connection can be made for this role, as a sentence."""
        return None if self.template is None else self.template.role_problem(role)

    def holds(self, role: str) -> bool:
        """Whether she has a connection in this role that can be used as it is."""
        there = self.own.get(role)
        return there is not None and there.status == "connected"

    def ended(self, role: str) -> str:
        """Why her connection in this role is no longer good, as a sentence; empty while it is, or without one."""
        there = self.own.get(role)
        return "" if there is None or there.status == "connected" else said(there.reason)

    def ask(self, chosen: str, *, typed: str = "", problem: str = "") -> RoleAsk | None:
        """What the screen shows of it; None for vendors without roles."""
        if not self.taken:
            return None
        named = self.template.name if self.template else ""
        if self.pinned:
            return RoleAsk(vendor=named, pinned=self.pinned, problem=self.problem(self.pinned) or "")
        offered = list(dict.fromkeys(["", *self.known, *([chosen] if chosen and not problem else [])]))[:MOST_OFFERED]
        offers = tuple(self._offer(role, role == chosen and not problem) for role in offered)
        return RoleAsk(vendor=named, offers=offers, typed=typed, problem=problem)

    def _offer(self, role: str, chosen: bool) -> RoleOffer:
        there = self.own.get(role)
        account = (there.account or "") if there and self.holds(role) else ""
        return RoleOffer(
            pick=NAMED_PICK + role if role else DEFAULT_PICK,
            role=role,
            chosen=chosen,
            held=self.holds(role),
            account=account,
        )


def picked(form: Mapping[str, str]) -> tuple[str | None, str]:
    """The role a form says, None where it says none, and a sentence about what is wrong with it, or "".

    A form without the buttons may name it in the text alone.
    """
    pick, typed = form.get(PICK), form.get(TYPED, "").strip()
    if pick == DEFAULT_PICK:
        return "", ""
    if pick is not None and pick.startswith(NAMED_PICK):
        return pick.removeprefix(NAMED_PICK), ""
    if pick == TYPED_PICK and not typed:
        return "", "Type the name of the role, as it is written there."
    return (typed if pick == TYPED_PICK or typed else None), ""


def refuses_role(answer: Answer, role: str) -> bool:
    """Whether a provider that has roles refused this one ("" for her default), and not she.

    `access_denied` stands for both; only what the provider says of it tells them apart.
    """
    if answer.error in ROLE_ERRORS:
        return True
    said = answer.said.casefold()
    return answer.error == "access_denied" and ("role" in said or (role != "" and role.casefold() in said))


class RoleDesk:
    """Finds a person's roles."""

    def __init__(self, integrations: Integrations, connections: Connections, choices: Choices) -> None:
        self._integrations, self._connections, self._choices = integrations, connections, choices

    async def of(self, caller: Caller, ask: Ask) -> Roles:
        """Her roles at the integration that is asked for."""
        template = self._integrations.catalog.get(ask.integration.template)
        own = await self._connections.list(user_id=caller.user_id, integration_id=ask.integration.id)
        by_role = {there.role: there for there in own}
        if template is None or not template.takes_roles:
            return Roles(template, False, "", "", by_role, ())
        chosen = await self._choices.of_user(caller.user_id)
        here = {role for (integration, _content), role in chosen.items() if integration == ask.integration.guid}
        known = tuple(sorted((here | set(by_role)) - {""}, key=str.lower))
        if ask.association is not None and ask.view is not None:
            current = await self._choices.role_for(caller.user_id, ask.association, ask.view.guid)
            return Roles(template, True, current, ask.association.role, by_role, known)
        return Roles(template, True, chosen.get((ask.integration.guid, DEFAULT), ""), "", by_role, known)

    async def keep(self, caller: Caller, ask: Ask, role: str) -> None:
        """Remember the role of a consent that came about: for its content, and as her default if she has none."""
        template = self._integrations.catalog.get(ask.integration.template)
        if template is None or not template.takes_roles or ask.integration.id is None:
            return
        if ask.association is not None and ask.view is not None:
            if not ask.association.role:
                await self._choices.choose(caller, ask.integration.id, ask.view.guid, role, first=True)
        elif await self._choices.default(caller.user_id, ask.integration.guid) is None:
            await self._choices.choose(caller, ask.integration.id, DEFAULT, role)
