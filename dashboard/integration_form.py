"""One form for each template: makes and changes integrations, and tries their client before they are saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import fields, forms
from dashboard.desk import Desk
from dashboard.forms import Form
from dashboard.integrations_pages import FOR_ADMINISTRATORS, IntegrationsPages, name_of
from dashboard.views import integrations as views
from integrations.contract import AuthType
from integrations.settling import ConfigProblems
from integrations.template import Template
from server.db.models import Integration
from server.keys.keyring import SealBroken
from server.oauth import overview, trial
from server.oauth.integrations import BAD_DESCRIPTION, BAD_NAME, ConfigRefused, Draft
from server.oauth.trial import Tried
from server.web.caller import Caller
from server.web.errors import ApiError

LONGEST_NAME, LONGEST_DESCRIPTION = 255, 4000
SENT = frozenset({"name", "description", "config", "secret_expires_at"})
SWITCHES = ("own_callback", "one_account")
# The inputs of the form that no template names.
OWN = ("name", "description", "ends")
CANNOT_OPEN = "The stored secret cannot be opened; type it again."


@dataclass(frozen=True)
class Typed:
    """What a form holds, and what is wrong with it. `ends` is the day on which the client secret ends."""

    name: str = ""
    description: str = ""
    config: Mapping[str, str | bool] = field(default_factory=dict)
    ends: str = ""
    switches: Mapping[str, bool] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


class IntegrationForm:
    """`/integrations/new/{template}`, `/integrations/{guid}/settings` and their buttons."""

    def __init__(self, desk: Desk, integrations: IntegrationsPages) -> None:
        self._desk, self._services, self._pages = desk, desk.services, integrations
        self._integrations = desk.services.integrations

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
                text = (
                    f"{name_of(row)} is ready. Test it here; publishers can add it to an app on the app's Access tab."
                )
                return self._desk.back(caller, f"/integrations/{row.guid}", text)
            except ApiError as error:
                typed = _refused(template, typed, error)
        else:
            typed = self._also(template, typed, {})
        return await self._form(request, caller, template, None, typed)

    async def one(self, request: Request, caller: Caller) -> Response:
        """The filled form of an integration."""
        row, template = await self._pages.find(request)
        switches = {"own_callback": row.own_callback, "one_account": row.one_account}
        kept = Typed(row.name or "", row.description or "", row.config, _day(row.secret_expires_at), switches)
        return await self._form(request, caller, template, row, kept)

    async def save(self, request: Request, caller: Caller) -> Response:
        """The changed form of an integration."""
        row, template = await self._pages.find(request)
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
            # What is kept was right once, and what the issuer publishes is read only when all else is.
            unseen = {name for name in kept if name in template.secret_names}
            unseen |= set(template.data.discovery.pins) if template.data.discovery else set()
            unseen -= {name for name, value in typed.config.items() if value}
            told = [problem for problem in error.problems if problem.field not in unseen]
            return _refused(template, typed, ConfigRefused(ConfigProblems(told))) if told else typed
        return typed

    async def try_new(self, request: Request, caller: Caller) -> Response:
        """The button of a form that is not saved: asks the provider, and says how it went."""
        template = self._template(request)
        return await self._tried(request, caller, template, None)

    async def try_changed(self, request: Request, caller: Caller) -> Response:
        """The same for an integration that is there, before its changes are saved."""
        row, template = await self._pages.find(request)
        return await self._tried(request, caller, template, row)

    async def _tried(self, request: Request, caller: Caller, template: Template, row: Integration | None) -> Response:
        typed = _typed(template, await self._desk.form(request, caller))
        page = self._desk.page(request, caller, "Test", "integrations")
        try:
            stored = self._integrations.opened_secrets(row) if row is not None else {}
            local = self._services.settings.oauth_allow_local_providers
            kept = row.config if row is not None else {}
            config = await self._integrations.discovered(template, kept, typed.config)
            client = trial.merged(template, config, kept, stored, allow_local=local)
        except SealBroken:
            return self._desk.part("integration_tried", views.TriedView(page=page, good=False, words=CANNOT_OPEN))
        except ConfigProblems as error:
            wrong = _refused(template, typed, ConfigRefused(error)).problems
            words = " ".join(text for name, text in wrong.items() if name not in OWN)
            return self._desk.part("integration_tried", views.TriedView(page=page, good=False, words=words))
        found: Tried = await trial.tried(self._services.outbound, client, self._services.settings.callback_url)
        await self._services.trail.append(
            caller,
            "try_oauth_integration",
            integration=row.guid if row else None,
            template=template.key,
            result={True: "ok", False: "failed", None: "unclear"}[found.good],
        )
        return self._desk.part("integration_tried", views.TriedView(page=page, good=found.good, words=found.words))

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
        redirect = self._services.settings.callback_url
        if row is not None and row.own_callback:
            redirect = f"{redirect}/{row.guid}"
        shown = views.IntegrationForm(
            page=self._desk.page(request, caller, name_of(row) if row else f"Add {template.name}", "integrations"),
            template=template.key,
            vendor_label=template.name,
            redirect_uri=redirect,
            fields=fields.draw(
                template.form(),
                typed.config,
                problems=typed.problems,
                stored_secrets=stored,
                headings=headings(template),
            ),
            guide=guide(template, redirect, auth_type),
            own_callback=bool(typed.switches.get("own_callback")),
            one_account=bool(typed.switches.get("one_account")),
            head=await self._pages.head(row, template, "settings") if row else None,
            name=typed.name,
            description=typed.description,
            auth_type=cast(AuthType, row.auth_type) if row else auth_type,
            secret_ends=typed.ends,
            has_secret="client_secret" in template.secret_names,
            minted=template.data.minted,
            problem=typed.problem,
            problems={name: text for name, text in typed.problems.items() if name in OWN},
        )
        return self._desk.show("integration_form", shown, 400 if typed.problems or typed.problem else 200)

    def routes(self) -> list[Route]:
        """The addresses of this form."""
        route, only = self._desk.route, {"role": "administrator", "refusal": FOR_ADMINISTRATORS}
        return [
            route("GET", "/integrations/new/{template}", self.new, **only),
            route("POST", "/integrations/new/{template}", self.create, **only),
            route("POST", "/integrations/new/{template}/test", self.try_new, **only),
            route("GET", "/integrations/{guid}/settings", self.one, **only),
            route("POST", "/integrations/{guid}/settings", self.save, **only),
            route("POST", "/integrations/{guid}/settings/test", self.try_changed, **only),
        ]


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
    ends = form.line("secret_ends")
    if ends and _end(ends) is None:
        problems["ends"] = "Enter a day, such as 2027-01-31."
    switches = {name: form.get(name) == "true" for name in SWITCHES if form.get(name)}
    return Typed(name, description, fields.read(template.form(), form.pairs), ends, switches, problems)


def _end(day: str) -> datetime | None:
    """The end of that day, UTC: a secret is good on the day it is said to end on."""
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(hour=23, minute=59, second=59, tzinfo=UTC)
    except ValueError:
        return None


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d}"


def _draft(typed: Typed, template: str | None) -> Draft:
    return Draft(
        template,
        typed.name,
        typed.description,
        dict(typed.config),
        secret_expires_at=_end(typed.ends) if typed.ends else None,
        switches=typed.switches,
        sent=SENT,
    )


def _refused(template: Template, typed: Typed, error: ApiError) -> Typed:
    """What was typed, with what the service says is wrong with it."""
    problems, problem = dict(typed.problems), ""
    if isinstance(error, ConfigRefused):
        problems |= {name: _in_words(template, name, text) for name, text in error.problems.items()}
    elif error.code in (BAD_NAME, BAD_DESCRIPTION):
        problems["name" if error.code == BAD_NAME else "description"] = error.message
    else:
        problem = error.message
    return replace(typed, problems=problems, problem=problem)


def _in_words(template: Template, name: str, text: str) -> str:
    """The API names config keys; a form names its own labels: "The config key token_uri is required"."""
    labels = {entry.name: entry.label for entry in (*template.data.options, *template.data.fields)}
    begins = f"The config key {name} "
    said = f"{labels.get(name, name)} {text.removeprefix(begins)}" if text.startswith(begins) else text
    return said if said.endswith(".") else f"{said}."
