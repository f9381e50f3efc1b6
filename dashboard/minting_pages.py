"""The tokens of an integration: what the last one says, who may carry which role, the keys, and the statement."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.forms import Form
from dashboard.integrations_pages import FOR_ADMINISTRATORS, IntegrationsPages, name_of
from dashboard.views import minting as views
from server.accounts import store as accounts
from server.db.models import Integration
from server.groups import store as groups
from server.minting.issuers import signs
from server.minting.policy import Entry
from server.minting.terms import TEMPLATE, terms_of
from server.minting.wire import InspectionObject, IssuerObject
from server.web.caller import Caller
from server.web.errors import ApiError

WHOSE = {"viewer": "yours", "service_account": "the service account's", "content": "content's"}
LONGEST = 255
SEVERAL = re.compile(r"[\s,]+")


class MintingPages:
    """`/integrations/{guid}/tokens` and its forms."""

    def __init__(self, desk: Desk, integrations: IntegrationsPages) -> None:
        self._desk, self._services, self._pages = desk, desk.services, integrations
        self._minting = desk.services.minting

    async def tokens(self, request: Request, caller: Caller) -> Response:
        """The page."""
        row, _template = await self._pages.find(request)
        return await self._show(request, caller, row)

    async def inspect(self, request: Request, caller: Caller) -> Response:
        """The button that looks into a token."""
        await self._desk.form(request, caller)
        row, _template = await self._pages.find(request)
        try:
            found = await self._minting.inspector.inspect(caller, row.guid)
        except ApiError as error:
            return await self._show(request, caller, row, problems={"inspect": error.message})
        return await self._show(request, caller, row, inspected=found)

    async def map_role(self, request: Request, caller: Caller) -> Response:
        """The form that adds an entry to the role mapping, or replaces one."""
        form = await self._desk.form(request, caller)
        row, _template = await self._pages.find(request)
        typed = {name: form.line(name) for name in ("who", "roles", "login")}
        entry = await self._entry(form)
        if isinstance(entry, dict):
            return await self._show(request, caller, row, problems=entry, typed=typed)
        there = [line.entry for line in await self._minting.mapping.read(row.guid)]
        same = [n for n, old in enumerate(there) if (old.kind, old.guid) == (entry.kind, entry.guid)]
        if same:
            there[same[0]] = entry
        else:
            there.append(entry)
        try:
            await self._minting.mapping.replace(caller, row.guid, there)
        except ApiError as error:
            return await self._show(request, caller, row, problems={"roles": error.message}, typed=typed)
        who = typed["who"] or "everybody else"
        return self._desk.back(caller, _path(row), f"Saved for {who}. It counts from the next request on.")

    async def unmap_role(self, request: Request, caller: Caller) -> Response:
        """The button beside an entry."""
        form = await self._desk.form(request, caller)
        row, _template = await self._pages.find(request)
        gone = (form.get("kind"), form.get("guid"))
        there = [line.entry for line in await self._minting.mapping.read(row.guid)]
        await self._minting.mapping.replace(caller, row.guid, [e for e in there if (e.kind, e.guid) != gone])
        return self._desk.back(caller, _path(row), "Removed. It counts from the next request on.")

    async def publish(self, request: Request, caller: Caller) -> Response:
        """The button that publishes a new key."""
        row = await self._signing(request, caller)
        work = self._minting.keys.publish(caller, row, bits=terms_of(row.config, "").key_bits)
        return await self._acted(caller, row, work, "A new key is published. Tell the other side, then use it.")

    async def use(self, request: Request, caller: Caller) -> Response:
        """The button that signs with a published key from now on."""
        row = await self._signing(request, caller)
        work = self._minting.keys.use(caller, row, request.path_params["kid"])
        return await self._acted(caller, row, work, "The new key signs from now on.")

    async def remove(self, request: Request, caller: Caller) -> Response:
        """The button that takes a key back."""
        row = await self._signing(request, caller)
        work = self._minting.keys.remove(caller, row, request.path_params["kid"])
        return await self._acted(caller, row, work, "The key is taken back. What it signed counts no more.")

    async def _acted(self, caller: Caller, row: Integration, work: Any, said: str) -> Response:
        try:
            await work
        except ApiError as error:
            return self._desk.back(caller, _path(row), error.message, "error")
        return self._desk.back(caller, _path(row), said)

    async def _signing(self, request: Request, caller: Caller) -> Integration:
        """The posted form's integration. One that nothing is signed for: 404."""
        await self._desk.form(request, caller)
        row, _template = await self._pages.find(request)
        if not signs(row):
            raise HTTPException(404)
        return row

    async def _entry(self, form: Form) -> Entry | dict[str, str]:
        """The typed entry, or what is wrong with it."""
        who, login = form.line("who"), form.line("login")
        said = [role for role in SEVERAL.split(form.line("roles")) if role]
        if len(who) > LONGEST or len(login) > LONGEST or not login.isprintable():
            return {"who" if len(who) > LONGEST else "login": "This is too long, or holds what cannot be shown."}
        kind, guid = await self._services.db.read(_named, who)
        if kind is None:
            return {"who": "Nobody has this username, and no group this name."}
        if login and kind != "user":
            return {"login": "Only a person has a login of her own."}
        without = form.get("none") == "true"
        if not said and not without and not (kind == "user" and login):
            return {"roles": "Name at least one role, or say that there is none."}
        return Entry(kind, guid, None if not said and not without else tuple(said) if said else (), login)

    async def _show(
        self,
        request: Request,
        caller: Caller,
        row: Integration,
        *,
        inspected: InspectionObject | None = None,
        problems: Mapping[str, str] | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> Response:
        issuer = await self._minting.setup.issuer(row) if signs(row) else None
        maps = row.template == TEMPLATE
        lines = await self._minting.mapping.read(row.guid) if maps else []
        shown = views.IntegrationTokens(
            page=self._desk.page(request, caller, f"Tokens of {name_of(row)}", "integrations"),
            head=await self._pages.head(row, self._services.integrations.template(row.template), "tokens"),
            may_inspect=row.auth_type != "Visitor API Key",
            inspected=None if inspected is None else _inspected(inspected),
            **_published(issuer),
            keys=tuple([_key(key) for key in await self._minting.keys.published(row)]) if issuer else (),
            maps_roles=maps,
            mapping=tuple(
                views.RoleRow(
                    kind=line.entry.kind,
                    guid=line.entry.guid,
                    name=line.name,
                    roles=line.entry.roles,
                    login=line.entry.login,
                )
                for line in lines
            ),
            has_default=any(line.entry.kind == "default" for line in lines),
            typed=typed or {},
            problems=problems or {},
        )
        return self._desk.show("integration_tokens", shown, 400 if problems else 200)

    def routes(self) -> list[Route]:
        """The addresses of this page."""
        at = "/integrations/{guid}/tokens"
        terms = {"role": "administrator", "refusal": FOR_ADMINISTRATORS}
        return [
            self._desk.route("GET", at, self.tokens, **terms),
            self._desk.route("POST", f"{at}/inspect", self.inspect, **terms),
            self._desk.route("POST", f"{at}/roles", self.map_role, **terms),
            self._desk.route("POST", f"{at}/roles/remove", self.unmap_role, **terms),
            self._desk.route("POST", f"{at}/keys", self.publish, **terms),
            self._desk.route("POST", at + "/keys/{kid}/use", self.use, **terms),
            self._desk.route("POST", at + "/keys/{kid}/remove", self.remove, **terms),
        ]


def _path(row: Integration) -> str:
    return f"/integrations/{row.guid}/tokens"


def _named(session: Session, who: str) -> tuple[Any, str]:
    """What was typed: a person by her username, else a group by its name, or nobody in particular."""
    if not who:
        return "default", ""
    user = accounts.by_name(session, who)
    if user is not None:
        return "user", user.guid
    group = groups.by_name(session, who)
    return ("group", group.guid) if group is not None else (None, "")


def _published(issuer: IssuerObject | None) -> dict[str, Any]:
    if issuer is None:
        return {}
    names = ("issuer", "statement", "keys_statement")
    shown = {name: issuer[name] or "" for name in names}  # type: ignore[literal-required]
    return {**shown, "issuer_path": urlsplit(issuer["issuer"]).path}


def _key(row: Any) -> views.KeyRow:
    return views.KeyRow(
        kid=row.kid,
        state=row.state,
        bits=row.bits,
        created=row.created_time,
        used=row.used_time,
        keep_until=row.keep_until,
    )


def _inspected(found: InspectionObject) -> views.Inspected:
    def shown(parts: dict[str, Any]) -> tuple[views.Claim, ...]:
        words = found["times"]
        return tuple(views.Claim(name=key, value=_value(said), words=words.get(key, "")) for key, said in parts.items())

    judged = tuple(views.Finding(claim=each["claim"], met=each["met"], says=each["says"]) for each in found["findings"])
    return views.Inspected(
        whose=WHOSE[found["whose"]],
        fingerprint=found["fingerprint"],
        opaque=found["opaque"],
        advice=not any(each["required"] for each in found["findings"]),
        header=shown(found["header"]),
        claims=shown(found["claims"]),
        findings=judged,
    )


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
