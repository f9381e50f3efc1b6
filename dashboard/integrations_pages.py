"""Integrations: the list for publishers; for administrators the form to make, change and test them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import fields, forms
from dashboard.desk import Desk
from dashboard.forms import Form
from dashboard.views import integrations as views
from integrations.contract import AuthType
from integrations.settling import ConfigProblems
from integrations.template import Template
from server.db.models import Integration
from server.keys.keyring import SealBroken
from server.oauth import overview
from server.oauth.integrations import BAD_DESCRIPTION, BAD_NAME, ConfigRefused, Draft
from server.vault.errors import IntegrationBroken, NotConnected, TryLater
from server.web.caller import Caller
from server.web.errors import ApiError

LONGEST_NAME, LONGEST_DESCRIPTION = 255, 4000
FOR_ADMINISTRATORS = "Only administrators of this server make and change integrations."
FOR_PUBLISHERS = "Integrations are for people who publish. What you are connected to is under Connected accounts."
SENT = frozenset({"name", "description", "config"})


@dataclass(frozen=True)
class Typed:
    """What a form holds, and what is wrong with it."""

    name: str = ""
    description: str = ""
    config: Mapping[str, str | bool] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


class IntegrationsPages:
    """`/integrations`, `/integrations/new`, one form for each template, and one integration's own page."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services
        self._integrations = desk.services.integrations

    async def listing(self, request: Request, caller: Caller) -> Response:
        """All that the caller may use."""
        usable = await self._integrations.usable_by(caller)
        apps, people = await self._integrations.counts(), await self._services.db.read(overview.connected)
        rows = tuple(
            views.IntegrationRow(
                guid=row.guid,
                name=name_of(row),
                vendor=row.template,
                vendor_label=self.vendor(row.template),
                auth_type=cast(AuthType, row.auth_type),
                changed=row.updated_time,
                apps=apps.get(row.id or 0, 0),
                connections=people.get(row.id or 0, 0),
                description=row.description or "",
            )
            for row in usable
        )
        page = self._desk.page(request, caller, "Integrations", "integrations")
        shown = views.Integrations(page=page, rows=rows, may_manage=caller.has("administrator"))
        return self._desk.show("integrations", shown)

    async def choose(self, request: Request, caller: Caller) -> Response:
        """Which system?"""
        vendors = tuple(
            views.VendorChoice(template=each.key, name=each.name, description=each.description)
            for each in self._integrations.catalog.all()
        )
        page = self._desk.page(request, caller, "Add integration", "integrations")
        return self._desk.show("integration_new", views.IntegrationNew(page=page, vendors=vendors))

    async def new(self, request: Request, caller: Caller) -> Response:
        """The empty form of a template."""
        return await self._form(request, caller, self._template(request), None, Typed())

    async def create(self, request: Request, caller: Caller) -> Response:
        """The form of a new integration."""
        template = self._template(request)
        typed = _typed(template, await self._desk.form(request, caller))
        if not typed.problems:
            try:
                row = await self._integrations.create(caller, _draft(typed, template.key))
                text = f"{name_of(row)} is ready. Publishers can add it to an app on the app's Access tab."
                return self._desk.back(caller, "/integrations", text)
            except ApiError as error:
                typed = _refused(template, typed, error)
        else:
            typed = self._also(template, typed, {})
        return await self._form(request, caller, template, None, typed)

    async def one(self, request: Request, caller: Caller) -> Response:
        """The filled form of an integration."""
        row, template = await self.find(request)
        kept = Typed(row.name or "", row.description or "", row.config)
        return await self._form(request, caller, template, row, kept)

    async def save(self, request: Request, caller: Caller) -> Response:
        """The changed form of an integration."""
        row, template = await self.find(request)
        typed = _typed(template, await self._desk.form(request, caller))
        if not typed.problems:
            people = await self._connected_to(row)
            try:
                changed = await self._integrations.change(caller, row.guid, _draft(typed, None))
                ended = changed.config_version != row.config_version and people
                said = f" {people} {'person has' if people == 1 else 'people have'} to connect again." if ended else ""
                return self._desk.back(caller, f"/integrations/{row.guid}", f"Saved.{said}")
            except ApiError as error:
                typed = _refused(template, typed, error)
        else:
            kept = dict(row.config) | dict.fromkeys(self._secrets(row), "kept")
            typed = self._also(template, typed, kept)
        return await self._form(request, caller, template, row, typed)

    def _also(self, template: Template, typed: Typed, kept: Mapping[str, object]) -> Typed:
        """What is wrong with the config too, where name or description are: one look at a form, all problems."""
        try:
            template.settle({**kept, **typed.config}, allow_local=self._services.settings.oauth_allow_local_providers)
        except ConfigProblems as error:
            return _refused(template, typed, ConfigRefused(error))
        return typed

    async def test(self, request: Request, caller: Caller) -> Response:
        """Sign in as the service account, and say only how it went."""
        await self._desk.form(request, caller)
        row, _template = await self.find(request)
        here = f"/integrations/{row.guid}"
        assert row.id is not None
        try:
            await self._services.vault.service.service_token(row.id, anew=True)
        except (IntegrationBroken, TryLater) as error:
            await self._services.trail.append(caller, "verify_oauth_integration", integration=row.guid, result="failed")
            return self._desk.back(caller, here, f"The test failed. {error.reason}", "error")
        except NotConnected:
            return self._desk.back(caller, here, "Only service accounts can be tested.", "error")
        await self._services.trail.append(caller, "verify_oauth_integration", integration=row.guid, result="ok")
        return self._desk.back(caller, here, "The test passed: it signed in as the service account.")

    async def find(self, request: Request) -> tuple[Integration, Template]:
        """The integration in the path with its template. What there is not: 404."""
        try:
            row = await self._integrations.get(request.path_params["guid"].lower())
            return row, self._integrations.template(row.template)
        except ApiError:
            raise HTTPException(404) from None

    def vendor(self, key: str) -> str:
        """The name of a template."""
        template = self._integrations.catalog.get(key)
        return template.name if template else key

    def _template(self, request: Request) -> Template:
        found = self._integrations.catalog.get(request.path_params["template"])
        if found is None:
            raise HTTPException(404)
        return found

    async def _connected_to(self, row: Integration) -> int:
        assert row.id is not None
        return await self._services.db.read(overview.connected_to, row.id)

    def _secrets(self, row: Integration | None) -> frozenset[str]:
        try:
            return self._integrations.stored_secrets(row) if row is not None else frozenset()
        except SealBroken:
            return frozenset()

    async def _form(
        self, request: Request, caller: Caller, template: Template, row: Integration | None, typed: Typed
    ) -> Response:
        auth_type = cast(AuthType, typed.config.get("auth_type") or template.auth_types[0])
        stored = self._secrets(row)
        shown = views.IntegrationForm(
            page=self._desk.page(request, caller, name_of(row) if row else f"Add {template.name}", "integrations"),
            template=template.key,
            vendor_label=template.name,
            redirect_uri=self._services.settings.callback_url,
            fields=fields.draw(
                template.form(),
                typed.config,
                problems=typed.problems,
                stored_secrets=stored,
                headings=headings(template),
            ),
            guide=guide(template, self._services.settings.callback_url, auth_type),
            guid=row.guid if row else "",
            shown_name=name_of(row) if row else "",
            name=typed.name,
            description=typed.description,
            auth_type=cast(AuthType, row.auth_type) if row else auth_type,
            apps=(await self._integrations.counts()).get(row.id or 0, 0) if row else 0,
            connections=await self._connected_to(row) if row else 0,
            problem=typed.problem,
            problems={name: text for name, text in typed.problems.items() if name in ("name", "description")},
        )
        return self._desk.show("integration_form", shown, 400 if typed.problems or typed.problem else 200)

    def routes(self) -> list[Route]:
        """The addresses of these screens."""
        route, only = self._desk.route, {"role": "administrator", "refusal": FOR_ADMINISTRATORS}
        return [
            route("GET", "/integrations", self.listing, role="publisher", refusal=FOR_PUBLISHERS),
            route("GET", "/integrations/new", self.choose, **only),
            route("GET", "/integrations/new/{template}", self.new, **only),
            route("POST", "/integrations/new/{template}", self.create, **only),
            route("GET", "/integrations/{guid}", self.one, **only),
            route("POST", "/integrations/{guid}", self.save, **only),
            route("POST", "/integrations/{guid}/test", self.test, **only),
        ]


def name_of(row: Integration) -> str:
    """What to call an integration; one made by API may have no name."""
    return row.name or row.template


def headings(template: Template) -> dict[str, tuple[str, str]]:
    """The first field of each section but the first, which needs no heading: the form's own fields begin it."""
    entries = sorted((*template.data.options, *template.data.fields), key=lambda entry: entry.order)
    found = {}
    for section in sorted(template.data.sections, key=lambda section: section.order)[1:]:
        first = next((entry.name for entry in entries if entry.section == section.id), None)
        if first is not None:
            found[first] = (section.name, section.description)
    return found


def guide(template: Template, callback_url: str, auth_type: AuthType) -> tuple[views.GuideStep, ...]:
    """The set-up guide of every authentication type; those that are not chosen are hidden until they are."""
    found = []
    for kind in template.auth_types:
        rule = json.dumps({"name": "auth_type", "value": kind}) if len(template.auth_types) > 1 else ""
        found += [
            views.GuideStep(
                title=step.title,
                text=step.text,
                # The page shows the redirect address above the steps already.
                snippet="" if step.code == callback_url else step.code,
                shown_when=rule,
                hidden=kind != auth_type,
            )
            for step in template.guide(callback_url, kind)
        ]
    return tuple(found)


def _typed(template: Template, form: Form) -> Typed:
    name, description = form.line("name"), form.line("description")
    problems = {}
    if not name:
        problems["name"] = "Give it a name: people read it when they are asked to connect."
    elif unfit := forms.unfit(name, LONGEST_NAME):
        problems["name"] = unfit
    if unfit := forms.unfit(description, LONGEST_DESCRIPTION):
        problems["description"] = unfit
    return Typed(name, description, fields.read(template.form(), form.pairs), problems)


def _draft(typed: Typed, template: str | None) -> Draft:
    return Draft(template, typed.name, typed.description, dict(typed.config), sent=SENT)


def _refused(template: Template, typed: Typed, error: ApiError) -> Typed:
    """What was typed, with what the service says is wrong with it."""
    problems, problem = dict(typed.problems), ""
    if isinstance(error, ConfigRefused):
        problems |= {name: _in_words(template, name, text) for name, text in error.problems.items()}
    elif error.code in (BAD_NAME, BAD_DESCRIPTION):
        problems["name" if error.code == BAD_NAME else "description"] = error.message
    else:
        problem = error.message
    return Typed(typed.name, typed.description, typed.config, problems, problem)


def _in_words(template: Template, name: str, text: str) -> str:
    """The API names config keys; a form names its own labels: "The config key token_uri is required"."""
    labels = {entry.name: entry.label for entry in (*template.data.options, *template.data.fields)}
    begins = f"The config key {name} "
    said = f"{labels.get(name, name)} {text.removeprefix(begins)}" if text.startswith(begins) else text
    return said if said.endswith(".") else f"{said}."
