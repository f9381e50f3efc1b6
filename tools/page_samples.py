"""Realistic made-up views of every screen: what the preview draws and what the page tests render."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard import render as dashboard_render
from dashboard.fields import draw
from dashboard.thumbnail import thumbnail
from dashboard.views import account, activity, content, groups, home, integration_page, integrations, reference, sharing
from dashboard.views import stage as stages
from server.pages import render as gate_render
from server.pages import views as gates
from tools.authorization_samples import authorization_samples
from tools.token_samples import token_samples

NOW = datetime.now(UTC)
ORIGIN = "http://localhost:3939"
GUID = "3f2c9d1e-5a7b-4c8e-9f10-2b6d8e4a7c55"
LONG = "Quarterly revenue by region, product line and sales channel"  # 60 letters, as long as titles get
ADMIN = gates.Person(name="Ada Okafor", username="ada", role="administrator")
PUBLISHER = gates.Person(name="Priya Raman", username="priya", role="publisher")
ALICE = gates.Person(name="Alice Martin", username="alice", role="viewer")
OWNER = gates.Contact(name="Priya Raman", email="priya@example.org")


@dataclass(frozen=True)
class Sample:
    """One screen in one state; `slug` names its picture."""

    slug: str
    screen: str
    view: Any
    draw: Callable[[str, Any], str]

    def html(self) -> str:
        return self.draw(self.screen, self.view)


def ago(**distance: float) -> datetime:
    return NOW - timedelta(**distance)


def page(
    title: str, person: gates.Person | None = None, active: Any = "", flash: gates.Flash | None = None
) -> gates.Page:
    return gates.Page(
        title=title,
        csrf="b7Yt0m1kq-example",
        request_id="01JD7N3K9WQ2",
        origin=ORIGIN,
        person=person,
        active=active,
        flash=flash,
    )


ASKING = gates.Asking(
    content_guid=GUID,
    content_title="Sales",
    integration_guid="9a41f0c2-77aa-4c63-b1c5-0f6f6c1d2e3f",
    integration_name="Sandbox",
    vendor="sandbox",
    next=f"/content/{GUID}/",
)
TRACE = (
    "Traceback (most recent call last):",
    '  File "app.py", line 3, in <module>',
    "    import pandas as pd",
    "ModuleNotFoundError: No module named 'pandas'",
)


def tool_samples(one: Callable[[str, str, Any], Sample]) -> Iterator[Sample]:
    here = gates.AllowTool(
        page=page("Let a tool act as you", PUBLISHER),
        tool="Posit CLI",
        action="/oauth/v1/authorize",
        fields=(("client_id", "dGhlIGNsaWVudA"), ("state", "s1")),
        until=NOW + timedelta(days=90),
        goes_to="127.0.0.1:53211",
        on_this_computer=True,
    )
    yield one("allow-tool", "allow_tool", here)
    away = replace(here, page=page("Let a tool act as you", ALICE), tool=LONG, goes_to="tools.example.org:8443")
    yield one("allow-tool-website", "allow_tool", replace(away, on_this_computer=False))
    elsewhere = replace(here, goes_to="", asked_from="192.0.2.17", asked=ago(seconds=40), code="WDJB-MJHT")
    yield one("allow-tool-elsewhere", "allow_tool", elsewhere)
    yield one("device", "device", gates.DeviceCode(page=page("Sign in a tool", ALICE), typed="WDJB-MJHT"))
    wrong = gates.DeviceCode(page=page("Sign in a tool", ALICE), typed="WDJB", problem="No tool waits for this code.")
    yield one("device-wrong", "device", wrong)
    for slug, allowed in (("tool-allowed", True), ("tool-refused", False)):
        answered = gates.ToolAnswered(page=page("Signed in", ALICE), tool="Posit CLI", allowed=allowed)
        yield one(slug, "tool_answered", answered)


def role_samples(one: Callable[[str, str, Any], Sample], connect: gates.Connect) -> Iterator[Sample]:
    """The connect gate where a vendor has roles, and what is said when one is refused."""
    asking = replace(ASKING, integration_name="Snowflake", vendor="snowflake")
    offers = (
        gates.RoleOffer(pick="default", role=""),
        gates.RoleOffer(pick="named:ANALYST", role="ANALYST", chosen=True, held=True, account="ALICE@EXAMPLE.ORG"),
        gates.RoleOffer(pick="named:FINANCE_READ_ONLY_EUROPE", role="FINANCE_READ_ONLY_EUROPE"),
    )
    roles = gates.RoleAsk(vendor="Snowflake", offers=offers)
    scopes = (gates.Scope(words="Keep the connection until you end it"),)
    made = replace(connect, asking=asking, scopes=scopes)
    yield one("connect-role", "connect", replace(made, role=roles))
    yield one(
        "connect-role-first", "connect", replace(made, role=replace(roles, offers=(replace(offers[0], chosen=True),)))
    )
    blocked = replace(
        roles, typed="ACCOUNTADMIN", problem="Snowflake never lets a connection use the role ACCOUNTADMIN."
    )
    yield one("connect-role-blocked", "connect", replace(made, role=blocked))
    pinned = gates.RoleAsk(vendor="Snowflake", pinned="ANALYST")
    yield one("connect-role-pinned", "connect", replace(made, role=pinned))
    declined = gates.Declined(
        page=page("Not connected", ALICE),
        asking=asking,
        by="role",
        refused="LOADER",
        said="The role requested has been explicitly blocked in the integration.",
        role=roles,
    )
    yield one("declined-role", "declined", declined)
    yield one("declined-role-pinned", "declined", replace(declined, refused="ANALYST", role=pinned))
    changed = gates.AccountChanged(
        page=page("Snowflake is connected", ALICE),
        asking=asking,
        before="ALICE@EXAMPLE.ORG",
        after="ALICE_SMITH_EUROPE",
    )
    yield one("account-changed", "account_changed", changed)


def gate_samples() -> Iterator[Sample]:
    def one(slug: str, screen: str, view: Any) -> Sample:
        return Sample(slug, screen, view, gate_render.render)

    own = gates.SignIn(page=page("Sign in"), next="/", username="alice", choosing=True)
    yield one("sign-in-choosing", "sign_in", own)
    yield one("sign-in", "sign_in", gates.SignIn(page=page("Sign in"), next=f"/content/{GUID}/"))
    yield one(
        "sign-in-wrong",
        "sign_in",
        gates.SignIn(
            page=page("Sign in"),
            next="/",
            username="alice",
            problem="That username and password do not belong together. Check both and try again.",
            providers=(gates.SignOnButton(label="Sign in with Okta", href="/__login__/sso/okta"),),
        ),
    )
    scopes = (
        gates.Scope(words="Know who you are at Sandbox"),
        gates.Scope(words="Read the rows you may read", raw="data.read"),
        gates.Scope(words="Stay connected while you are away", raw="offline_access"),
    )
    connect = gates.Connect(page=page("Connect Sandbox", ALICE), asking=ASKING, owner=OWNER, scopes=scopes)
    yield one("connect", "connect", connect)
    long = replace(
        ASKING, content_title=LONG, integration_name="Snowflake finance warehouse, Europe", vendor="snowflake"
    )
    yield one(
        "connect-long",
        "connect",
        replace(
            connect,
            asking=long,
            step=1,
            steps=2,
            again="Snowflake ended your connection on 3 May. Connect again to go on.",
        ),
    )
    yield one(
        "declined",
        "declined",
        gates.Declined(page=page("Not connected", ALICE), asking=ASKING, by="person"),
    )
    yield one(
        "declined-provider",
        "declined",
        gates.Declined(
            page=page("Not connected", ALICE),
            asking=long,
            by="provider",
            said="The role requested has been explicitly blocked for this integration.",
        ),
    )
    yield from role_samples(one, connect)
    yield from tool_samples(one)
    lent = (
        gates.LentAccess(integration="Snowflake", role="ANALYST", until=NOW + timedelta(days=20)),
        gates.LentAccess(integration=LONG, role="", until=NOW + timedelta(days=2)),
    )
    yield one(
        "lent",
        "lent",
        gates.Lent(
            page=page("Sales", ALICE), content_guid=GUID, content_title="Sales", lender="Maria Meyer", access=lent,
            loans=GUID, next="/",
        ),
    )  # fmt: skip
    yield one(
        "starting",
        "starting",
        gates.Starting(
            page=page("Starting Sales", ALICE),
            content_title="Sales",
            stage="Waiting for the app to answer",
            since=ago(seconds=3),
        ),
    )
    yield one(
        "rendering",
        "starting",
        gates.Starting(
            page=page("Rendering Weekly report", ALICE),
            content_title="Weekly report",
            stage="Rendering the notebook ...",
            since=ago(seconds=3),
            document=True,
        ),
    )
    yield one(
        "starting-lines",
        "starting",
        gates.Starting(
            page=page("Starting", PUBLISHER),
            content_title=LONG,
            stage="Installing 27 packages",
            since=ago(seconds=95),
            lines=("Resolved 27 packages in 412ms", "Downloading pandas (12.4MiB)", "Downloading pyarrow (41.0MiB)"),
        ),
    )
    yield one(
        "denied",
        "denied",
        gates.Denied(
            page=page("No access", ALICE),
            content_title="Sales",
            owner=OWNER,
            address=f"{ORIGIN}/content/{GUID}/",
        ),
    )
    yield one("denied-bare", "denied", gates.Denied(page=page("No access")))
    yield one(
        "not-found",
        "not_found",
        gates.NotFound(page=page("Nothing here"), path="/content/3f2c9d1e-5a7b-4c8e-9f10-000000000000/"),
    )
    yield one(
        "failed-viewer",
        "failed",
        gates.Failed(
            page=page("Not running", ALICE),
            content_title="Sales",
            summary="It ended while starting.",
            retry=f"/content/{GUID}/",
            owner=OWNER,
        ),
    )
    yield one(
        "failed-owner",
        "failed",
        gates.Failed(
            page=page("Not running", PUBLISHER),
            content_title=LONG,
            summary="It ended while starting, with exit code 1.",
            retry=f"/content/{GUID}/",
            owner=OWNER,
            lines=TRACE,
            logs=f"/apps/{GUID}/logs",
            earlier_version="Version 3 is still being served.",
        ),
    )
    yield one(
        "problem",
        "problem",
        gates.Problem(
            page=page("Something went wrong"),
            status=500,
            headline="Something went wrong on this server",
            explanation="It was not you, and nothing you typed was kept. Try again in a moment; if it stays, give the "
            "person who runs this server the request number below.",
        ),
    )
    yield one(
        "first-run",
        "first_run",
        gates.FirstRun(
            page=page("Welcome"),
            steps=(
                gates.SetUpStep(
                    words="Make the first administrator. It asks for a password.",
                    command="tabard people add ada --role administrator",
                ),
                gates.SetUpStep(
                    words="Or make one with the publishing tool, from the start-up secret.",
                    command=f"rsconnect bootstrap --server {ORIGIN} --jwt-keypath secret.key",
                ),
                gates.SetUpStep(words="Come back here and sign in."),
            ),
        ),
    )


CARDS = (
    home.ContentCard(
        guid=GUID,
        title="Sales",
        kind="python-streamlit",
        owner="Priya Raman",
        health="running",
        as_you=True,
        mine=True,
        version="12",
        deployed=ago(minutes=4),
    ),
    home.ContentCard(
        guid=GUID[:-1] + "1",
        title="Warehouse explorer",
        kind="python-panel",
        owner="Priya Raman",
        health="idle",
        as_you=True,
        mine=True,
        version="3",
        deployed=ago(hours=3),
    ),
    home.ContentCard(
        guid=GUID[:-1] + "2",
        title=LONG,
        kind="python-dash",
        owner="Bartholomew Featherstonehaugh",
        health="failed",
        version="107",
        deployed=ago(days=12),
    ),
    home.ContentCard(
        guid=GUID[:-1] + "3",
        title="Churn notebook",
        kind="jupyter-static",
        owner="Ada Okafor",
        health="idle",
        version="1",
        deployed=ago(days=60),
    ),
    home.ContentCard(guid=GUID[:-1] + "4", title="", kind="", owner="Priya Raman", health="never_deployed", mine=True),
    home.ContentCard(
        guid=GUID[:-1] + "5",
        title="Pricing simulator",
        kind="python-gradio",
        owner="Jo Lindqvist",
        health="idle",
        version="9",
        deployed=ago(hours=30),
    ),
    home.ContentCard(
        guid=GUID[:-1] + "6",
        title="Fleet map",
        kind="python-bokeh",
        owner="Ada Okafor",
        health="running",
        as_you=True,
        version="22",
        deployed=ago(seconds=10),
    ),
    home.ContentCard(
        guid=GUID[:-1] + "7",
        title="Orders API",
        kind="python-fastapi",
        owner="Jo Lindqvist",
        health="running",
        version="5",
        deployed=ago(minutes=50),
    ),
)


def home_samples() -> Iterator[tuple[str, str, Any]]:
    yield (
        "home-viewer",
        "home",
        home.Home(
            page=page("Home", ALICE, "home"),
            cards=tuple(replace(card, mine=False) for card in CARDS if card.health not in ("never_deployed",)),
            total=7,
        ),
    )
    yield (
        "home-publisher",
        "home",
        home.Home(
            page=page("Home", PUBLISHER, "home", gates.Flash(kind="success", text="Welcome back, Priya.")),
            cards=CARDS,
            total=8,
            found=1250,
        ),
    )
    troubles = (
        home.Trouble(guid="i2", name="Snowflake finance warehouse", words=f"does not work. {REFUSED}", grave=True),
        home.Trouble(guid="i1", name=LONG, words="has a client secret that ends in 6 days.", grave=False),
    )
    view = home.Home(page=page("Home", ADMIN, "home"), cards=CARDS, total=8, found=8, troubles=troubles)
    yield "home-troubles", "home", view
    yield "home-table", "home", home.Home(page=page("Home", PUBLISHER, "home"), cards=CARDS, total=8, layout="table")
    yield (
        "home-none-match",
        "home",
        home.Home(page=page("Home", PUBLISHER, "home"), cards=(), total=8, query="quartely revenue"),
    )
    yield "home-empty-publisher", "home", home.Home(page=page("Home", PUBLISHER, "home"), cards=())
    yield (
        "home-empty-viewer",
        "home",
        home.Home(page=page("Home", ALICE, "home"), cards=(), askable=(OWNER, gates.Contact(name="Ada Okafor"))),
    )


def _sharing() -> Iterator[tuple[str, str, Any]]:
    lent = sharing.Lendable(
        guid=GUID, name="Snowflake", vendor="snowflake", vendor_label="Snowflake", lender="Maria Meyer", role="ANALYST",
        until=NOW + timedelta(days=20), to_viewers=True, may_lend=True,
    )  # fmt: skip
    links = (
        sharing.LinkRow(
            guid="l1", name="The board", created=ago(days=3), expires=NOW + timedelta(days=27), last_used=ago(minutes=4)
        ),
        sharing.LinkRow(guid="l2", name=LONG, created=ago(days=40), expires=ago(days=10), last_used=None),
    )
    full = sharing.ContentSharing(
        page=page("Sharing of Sales", PUBLISHER), content=head("sharing"), owner="Maria Meyer", is_owner=True,
        lendable=(), links=links, now=NOW,
    )  # fmt: skip
    yield "sharing", "content_sharing", full
    yield (
        "sharing-made",
        "content_sharing",
        replace(full, new_link="http://localhost:3939/__share__/" + "x" * 43, new_name="The board"),
    )
    other = replace(lent, guid="other", name=LONG, lender="", until=None, may_lend=False, connect_first=True)
    ended = replace(lent, guid="ended", ended="Maria Meyer lent access until 3 May 2026. Ask Maria to lend it again.")
    yield (
        "sharing-lent",
        "content_sharing",
        replace(full, links=(), lendable=(lent, other, ended), no_links="Not possible while it uses Snowflake."),
    )
    yield "sharing-empty", "content_sharing", replace(full, links=(), is_owner=False)


def head(tab: Any, **changes: Any) -> content.ContentHead:
    made = content.ContentHead(
        guid=GUID,
        title="Sales",
        kind="python-streamlit",
        owner="Priya Raman",
        health="running",
        tab=tab,
        may_edit=True,
        as_you=True,
    )
    return replace(made, **changes)


LABELS = content.Labels(
    path="/finance/sales/",
    typed_path="finance/sales",
    tags=(
        content.TagView("2", "Sales", ("Team",)),
        content.TagView("3", "North and the islands", ("Team", "Sales")),
        content.TagView("9", "Weekly", ("Rhythm",)),
    ),
    choices=(
        content.TagView("10", "Daily", ("Rhythm",)),
        content.TagView("4", "South", ("Team", "Sales")),
        content.TagView("5", "Finance", ("Team",)),
    ),
    drawing=thumbnail("python-streamlit", "Sales"),
)


def content_samples() -> Iterator[tuple[str, str, Any]]:
    info = content.ContentInfo(
        page=page("Sales", PUBLISHER, "home", gates.Flash(kind="success", text="Saved.")),
        content=head("info"),
        title="Sales",
        description="What each region sold, by week. Everyone sees their own region.",
        url=f"{ORIGIN}/content/{GUID}/",
        created=ago(days=200),
        deployed=ago(hours=3),
        python_version="3.11.7",
        bundle="12",
        bundle_size=48_200,
        visits=1_284,
        environment_variables=("SALES_SCHEMA", "PLOTLY_THEME", "A_RATHER_LONG_ENVIRONMENT_VARIABLE_NAME_THAT_GOES_ON"),
        labels=LABELS,
    )
    yield "info", "content_info", info
    yield (
        "info-failing",
        "content_info",
        replace(
            info,
            page=page(LONG, PUBLISHER),
            content=head("info", title=LONG, health="failed"),
            title=LONG,
            failure="ModuleNotFoundError: No module named 'pandas'. Version 11 is still being served.",
            problems={
                "title": "A title has at most 1000 letters.",
                "path": "Other content has a path above or below this one; choose one beside it.",
                "picture": "Send a whole PNG, JPEG, GIF or WebP picture of at most 10000 pixels a side.",
                "tag_id": "This tag is not there any more; choose one of the list.",
            },
            labels=replace(LABELS, typed_path="finance/a-rather-long-path-that-goes-on/and-on/and-on", tags=()),
        ),
    )
    yield (
        "info-bare",
        "content_info",
        replace(
            info,
            page=page("Untitled", PUBLISHER),
            content=head("info", title="", kind="", health="never_deployed", as_you=False),
            labels=content.Labels(drawing=thumbnail("", "")),
            title="",
            description="",
            deployed=None,
            python_version="",
            bundle="",
            environment_variables=(),
        ),
    )
    report = head("info", title="Weekly report", kind="jupyter-static", health="published", as_you=False)
    yield (
        "info-document",
        "content_info",
        replace(
            info, page=page("Weekly report", PUBLISHER), content=report, title="Weekly report", rendered=ago(hours=2)
        ),
    )
    yield "info-viewer", "content_info", replace(info, page=page("Sales", ALICE), content=head("info", may_edit=False))
    people = (
        content.Permission(id="", name="Priya Raman", username="priya", role="owner"),
        content.Permission(id="7", name="Alice Martin", username="alice", role="viewer"),
        content.Permission(
            id="8",
            name="Bartholomew Featherstonehaugh-Cholmondeley",
            username="bartholomew.featherstonehaugh",
            role="collaborator",
        ),
        content.Permission(id="9", name="Sales, Europe", username="", role="viewer", members=12),
    )
    sandbox = content.UsedIntegration(
        guid="i1", name="Sandbox", vendor="sandbox", vendor_label="Sandbox provider", auth_type="Viewer"
    )
    robot = content.UsedIntegration(
        guid="i2", name="Sandbox reporting robot", vendor="azure", vendor_label="Azure", auth_type="Service Account"
    )
    choices = (
        content.IntegrationChoice(
            guid="c1",
            name="Snowflake finance",
            vendor="snowflake",
            vendor_label="Snowflake",
            auth_type="Viewer",
            description="The finance warehouse; read only.",
        ),
        content.IntegrationChoice(
            guid="c2", name="Databricks lakehouse", vendor="databricks", vendor_label="Databricks", auth_type="Viewer"
        ),
        content.IntegrationChoice(
            guid="c3",
            name="Google BigQuery",
            vendor="bigquery",
            vendor_label="Google BigQuery",
            auth_type="Service Account",
            refusal="Only for the data team.",
        ),
    )
    access = content.ContentAccess(
        page=page("Sales", PUBLISHER),
        content=head("access"),
        access_type="acl",
        accounts=41,
        people=people,
        candidates=(content.PersonChoice(username="bob", name="Bob Ferreira"),),
        integrations=(sandbox, robot),
        available=choices,
    )
    yield "access", "content_access", access
    yield (
        "access-connected",
        "content_access",
        replace(
            access,
            integrations=(
                replace(
                    sandbox, connected=True, account="alice@sandbox.example", since=ago(days=9), connection_guid="n1"
                ),
            ),
            access_type="logged_in",
        ),
    )
    yield from _sharing()
    yield "access-adding", "content_access", replace(access, adding=True)
    yield (
        "access-empty",
        "content_access",
        replace(
            access,
            page=page("Untitled", PUBLISHER),
            content=head("access", title="", as_you=False),
            integrations=(),
            available=(),
            people=people[:1],
            access_type="all",
            problems={
                "username": "Nobody here is called “bobb”. Check the spelling, or ask an administrator to add them."
            },
            typed_username="bobb",
        ),
    )
    lines = tuple(
        content.LogLine(at=ago(seconds=90 - index), stream=stream, text=text)
        for index, (stream, text) in enumerate(
            [
                ("tabard", "Starting version 12 with Python 3.11.7"),
                ("stdout", ""),
                ("stdout", "  You can now view your Streamlit app in your browser."),
                ("tabard", "Ready after 2.8 s"),
                ("stdout", "loaded 12,408 rows for region=EMEA in 0.84 s"),
                (
                    "stderr",
                    "/env/lib/pandas/core/frame.py:1204: FutureWarning: concatenation is deprecated.",
                ),
                ("stderr", "  warnings.warn("),
                ("stdout", "loaded 8,112 rows for region=APAC in 0.61 s"),
                ("stdout", "GET " + "x" * 180),
            ]
            * 4
        )
    )
    logs = content.ContentLogs(
        page=page("Sales", PUBLISHER),
        content=head("logs"),
        lines=lines,
        last="a1.36.0.1",
        instances=(
            content.InstanceChoice(id="a1", label="Running since 20:12"),
            content.InstanceChoice(id="a0", label="Ended 20:10, exit code 1"),
        ),
    )
    yield "logs", "content_logs", logs
    yield "logs-empty", "content_logs", replace(logs, lines=())
    yield "logs-none-match", "content_logs", replace(logs, lines=(), query="zebra", stream="stderr")


TEMPLATE: dict[str, Any] = {
    "id": "custom",
    "name": "Custom",
    "description": "Any OAuth 2.0 server",
    "sections": [],
    "options": [
        {
            "name": "auth_type",
            "order": 1,
            "label": "Acts as",
            "description": "Whose access the app gets.",
            "type": "select",
            "values": ["Viewer", "Service Account"],
            "default": "Viewer",
            "visibility_expression": None,
        },
        {
            "name": "auth_mode",
            "order": 5,
            "label": "Client type",
            "description": "",
            "type": "select",
            "values": ["Confidential", "Public"],
            "default": "Confidential",
            "visibility_expression": None,
        },
        {
            "name": "use_pkce",
            "order": 9,
            "label": "Use PKCE",
            "description": "Leave it on unless the server cannot.",
            "type": "bool",
            "values": [],
            "default": "true",
            "visibility_expression": {"name": "auth_type", "value": "Viewer"},
        },
    ],
    "fields": [
        {
            "name": "authorization_uri",
            "order": 2,
            "label": "Authorization URL",
            "description": "Where people say yes.",
            "default": "",
            "validation": "^https://",
            "validation_description": "",
            "secret": False,
            "multiline": False,
            "visibility_expression": {"name": "auth_type", "value": "Viewer"},
        },
        {
            "name": "token_uri",
            "order": 3,
            "label": "Token URL",
            "description": "",
            "default": "",
            "secret": False,
            "multiline": False,
            "visibility_expression": None,
        },
        {
            "name": "client_id",
            "order": 6,
            "label": "Client ID",
            "description": "",
            "default": "",
            "secret": False,
            "multiline": False,
            "visibility_expression": None,
        },
        {
            "name": "client_secret",
            "order": 7,
            "label": "Client secret",
            "description": "",
            "default": "",
            "secret": True,
            "multiline": False,
            "visibility_expression": {
                "operator": "or",
                "operands": [
                    {"name": "auth_mode", "value": "Confidential"},
                    {"name": "auth_type", "value": "Service Account"},
                ],
            },
        },
        {
            "name": "scopes",
            "order": 8,
            "label": "Scopes",
            "description": "Separated by spaces.",
            "default": "openid offline_access",
            "secret": False,
            "multiline": True,
            "visibility_expression": None,
        },
        {
            "name": "extra_token",
            "order": 9,
            "label": "Extra parameters when tokens are asked for",
            "description": "One name=value a line, for example resource=https://api.example.com.",
            "default": "",
            "secret": False,
            "multiline": True,
            "folded": True,
            "visibility_expression": None,
        },
        {
            "name": "expires_in",
            "order": 10,
            "label": "Tokens live for",
            "description": "Seconds. Only where the provider does not say, or says it wrong.",
            "default": "",
            "secret": False,
            "multiline": False,
            "folded": True,
            "example": "3600",
            "visibility_expression": None,
        },
    ],
    "environment_variables": [],
}
GUIDE = (
    integrations.GuideStep(
        title="Register an OAuth client",
        text="Use the address above as its redirect URL, and allow the authorization code and refresh token grants.",
    ),
    integrations.GuideStep(
        title="In Snowflake",
        text="As ACCOUNTADMIN, run this; it prints the client ID and secret.",
        snippet=(
            "CREATE SECURITY INTEGRATION tabard\n"
            "  TYPE = OAUTH  ENABLED = TRUE\n"
            "  OAUTH_CLIENT = CUSTOM\n"
            "  OAUTH_CLIENT_TYPE = 'CONFIDENTIAL'\n"
            "  OAUTH_REDIRECT_URI = 'http://localhost:3939/__oauth__/integrations/callback'\n"
            "  OAUTH_ISSUE_REFRESH_TOKENS = TRUE;"
        ),
    ),
    integrations.GuideStep(title="Copy both here", text="The secret is sealed when you save and is never shown again."),
)


REFUSED = (
    "The provider does not accept this integration's client ID and secret. An administrator should check the "
    "integration."
)


def overview_samples(head: integrations.IntegrationHead) -> Iterator[tuple[str, str, Any]]:
    nothing = integration_page.Rate(percent="", succeeded=0, failed=0, ended=0)
    fresh = integration_page.IntegrationOverview(
        page=page(head.name, ADMIN, "integrations"),
        head=replace(head, apps=0, connections=0, description=""),
        kind="viewer",
        health=integration_page.HealthPanel(
            badge=integrations.HealthBadge(state="unused", summary="Nobody has used it yet."), day=nothing, week=nothing
        ),
    )
    yield "integration-fresh", "integration", fresh
    mine = integration_page.OwnConnection(
        guid="n1",
        account="ada@example.org",
        role="ANALYST",
        scopes=("session:role:ANALYST", "read"),
        missing=("write",),
        lives="for 10 minutes",
        renews=False,
        lasting_scope="refresh_token",
        since=ago(minutes=3),
    )
    people = (
        integration_page.AllowedEntry(guid="e1", name="Priya Raman", username="priya"),
        integration_page.AllowedEntry(guid="e2", name="Everybody in the department of quarterly reporting", members=41),
        integration_page.AllowedEntry(guid="e3", name="Somebody who is gone", gone=True),
    )
    full = replace(
        fresh,
        head=head,
        own=(mine, replace(mine, guid="n2", role="", missing=(), renews=True, ended="The provider ended it.")),
        allowed=people,
        apps=(account.AppLink(guid=GUID, title="Sales"), account.AppLink(guid=GUID, title=LONG)),
        apps_total=17,
        health=integration_page.HealthPanel(
            badge=integrations.HealthBadge(state="ok", summary="The provider answers as it should.", secret="week"),
            day=integration_page.Rate(percent="99.2%", succeeded=1204, failed=9, ended=3),
            week=integration_page.Rate(percent="98.7%", succeeded=8310, failed=109, ended=14),
            last_success=ago(minutes=2),
            last_error=ago(hours=5),
            error="The provider did not answer in time.",
            secret_ends=ago(days=-6),
            days_left=6,
            second_stored=True,
            accepted="first",
            skew="The provider's clock is 47 seconds ahead of this server's. Set both by NTP.",
            drift="12 connections began before a scope was added. Lacking: write. Connecting again asks for it.",
            connected=1192,
            again=12,
        ),
    )
    yield "integration-full", "integration", full
    yield (
        "integration-broken",
        "integration",
        replace(
            full,
            own=(),
            allowed=(),
            problems={"username": "Nobody here has this username, and no group this name; check its spelling."},
            typed_username="prya",
            health=replace(
                full.health,
                badge=integrations.HealthBadge(state="broken", summary=REFUSED),
                day=integration_page.Rate(percent="0%", succeeded=0, failed=37, ended=0),
                last_error=ago(minutes=1),
                error=REFUSED,
                second_stored=False,
                skew="",
                drift="",
            ),
        ),
    )
    for kind in ("service", "minted", "visitor"):
        yield f"integration-{kind}", "integration", replace(fresh, kind=kind)


def integration_samples() -> Iterator[tuple[str, str, Any]]:
    rows = (
        integrations.IntegrationRow(
            guid="i1",
            name="Sandbox",
            vendor="sandbox",
            vendor_label="Sandbox provider",
            auth_type="Viewer",
            changed=ago(minutes=12),
            apps=2,
            connections=5,
            health=integrations.HealthBadge(state="ok", summary="The provider answers as it should.", secret="week"),
        ),
        integrations.IntegrationRow(
            guid="i2",
            name="Snowflake finance warehouse for Europe and the Middle East",
            vendor="snowflake",
            vendor_label="Snowflake",
            auth_type="Viewer",
            changed=ago(days=40),
            apps=17,
            connections=1204,
            description="Read only, role ANALYST",
            health=integrations.HealthBadge(state="broken", summary=REFUSED),
        ),
        integrations.IntegrationRow(
            guid="i3",
            name="Reporting robot",
            vendor="azure",
            vendor_label="Azure",
            auth_type="Service Account",
            changed=ago(days=3),
            apps=1,
            health=integrations.HealthBadge(state="unused", summary="Nobody has used it yet."),
        ),
        integrations.IntegrationRow(
            guid="i4",
            name="Connect Visitor API Key",
            vendor="connect",
            vendor_label="This server",
            auth_type="Visitor API Key",
            changed=ago(days=300),
        ),
    )
    yield (
        "integrations",
        "integrations",
        integrations.Integrations(page=page("Integrations", ADMIN, "integrations"), rows=rows, may_manage=True),
    )
    yield (
        "integrations-publisher",
        "integrations",
        integrations.Integrations(page=page("Integrations", PUBLISHER, "integrations"), rows=rows, may_manage=False),
    )
    yield (
        "integrations-empty",
        "integrations",
        integrations.Integrations(page=page("Integrations", ADMIN, "integrations"), rows=(), may_manage=True),
    )
    choices = tuple(
        integrations.VendorChoice(template=key, name=name, description=words)
        for key, name, words in (
            ("snowflake", "Snowflake", "The warehouse, as the person looking"),
            ("databricks", "Databricks", "A workspace, as the person looking"),
            ("bigquery", "Google BigQuery", "Datasets a Google account may read"),
            ("azure", "Azure", "Microsoft Entra ID and what stands behind it"),
            ("github", "GitHub", "Repositories and issues"),
            ("salesforce", "Salesforce", "Accounts, opportunities, reports"),
            ("custom", "Custom", "Any other OAuth 2.0 server"),
        )
    )
    chooser = integrations.IntegrationNew(
        page=page("Add integration", ADMIN, "integrations"),
        groups=(
            integrations.VendorGroup(name="Data warehouses", vendors=choices[:3]),
            integrations.VendorGroup(name="Microsoft", vendors=choices[3:4]),
            integrations.VendorGroup(name="Code and business", vendors=choices[4:6]),
            integrations.VendorGroup(name="Anything else", vendors=choices[6:]),
        ),
    )
    yield "integration-new", "integration_new", chooser
    yield "integration-new-none", "integration_new", replace(chooser, groups=(), query="mainframe")
    head = integrations.IntegrationHead(
        guid="i2",
        name="Snowflake finance warehouse for Europe and the Middle East",
        vendor="snowflake",
        vendor_label="Snowflake",
        auth_type="Viewer",
        description="Read only, role ANALYST",
        apps=17,
        connections=1204,
    )
    yield from overview_samples(head)
    form = integrations.IntegrationForm(
        page=page("Add Custom", ADMIN, "integrations"),
        template="custom",
        vendor_label="Custom",
        redirect_uri=f"{ORIGIN}/__oauth__/integrations/callback",
        fields=draw(TEMPLATE, {}),
        guide=GUIDE,
        has_secret=True,
    )
    yield "integration-form", "integration_form", form
    yield (
        "integration-form-wrong",
        "integration_form",
        replace(
            form,
            name="",
            fields=draw(
                TEMPLATE,
                {"authorization_uri": "http://sso.example.org/authorize", "client_id": "tabard"},
                problems={
                    "authorization_uri": "This must start with https://, so that nobody on the way can read it.",
                    "token_uri": "Enter the token URL.",
                },
            ),
            problems={"name": "Give it a name people will recognise."},
        ),
    )
    yield (
        "integration-edit",
        "integration_form",
        replace(
            form,
            page=page("Reporting robot", ADMIN, "integrations"),
            head=replace(
                head, name="Reporting robot", vendor="custom", auth_type="Service Account", apps=1, tab="settings"
            ),
            name="Reporting robot",
            auth_type="Service Account",
            secret_ends="2027-01-31",
            fields=draw(
                TEMPLATE,
                {"auth_type": "Service Account", "token_uri": "https://sso.example.org/token", "client_id": "robot"},
                stored_secrets={"client_secret"},
            ),
        ),
    )
    delete = integrations.IntegrationDelete(
        page=page("Delete Sandbox", ADMIN, "integrations"),
        guid="i1",
        name="Sandbox",
        vendor="sandbox",
        apps=2,
        people=5,
        app_titles=("Sales", LONG),
    )
    yield "integration-delete", "integration_delete", delete
    yield (
        "integration-delete-wrong",
        "integration_delete",
        replace(delete, apps=0, people=0, app_titles=(), problem="That is not its name. Type Sandbox."),
    )
    yield from token_samples(page("Tokens", ADMIN, "integrations"), NOW)
    yield from authorization_samples(page("Connections", ADMIN, "integrations"), NOW)


def connection_samples() -> Iterator[tuple[str, str, Any]]:
    first = account.ConnectionRow(
        guid="n1",
        integration_guid="i1",
        integration_name="Sandbox",
        vendor="sandbox",
        vendor_label="Sandbox provider",
        since=ago(days=9),
        account="alice@sandbox.example",
        renews=True,
        refreshed=ago(minutes=12),
        scopes=(gates.Scope(words="Know that it is you", raw="openid"), gates.Scope(words="data.read")),
        apps=(account.AppLink(guid=GUID, title="Sales"), account.AppLink(guid=GUID, title=LONG)),
        last_used=ago(minutes=3),
        last_app=account.AppLink(guid=GUID, title=LONG),
    )
    analyst = account.ConnectionRow(
        guid="n2",
        integration_guid="i2",
        integration_name="Snowflake finance warehouse for Europe and the Middle East",
        vendor="snowflake",
        vendor_label="Snowflake",
        since=ago(days=90),
        account="ALICE.MARTIN@EXAMPLE.ORG",
        takes_roles=True,
        role="FINANCE_READ_ONLY_EUROPE",
        preferred=True,
        expires=NOW + timedelta(hours=3),
        scopes=(
            gates.Scope(words="Act in the role FINANCE_READ_ONLY_EUROPE", raw="session:role:FINANCE_READ_ONLY_EUROPE"),
        ),
    )
    ended = account.ConnectionRow(
        guid="n3",
        integration_guid="i3",
        integration_name="GitHub",
        vendor="github",
        vendor_label="GitHub",
        since=ago(days=400),
        ended="The provider ended the connection.",
        apps=(account.AppLink(guid=GUID, title=""),),
        last_used=ago(days=2),
        last_app=account.AppLink(guid=GUID, title=""),
    )
    at = page("Connected accounts", ALICE, "connections")
    further = (account.RoleVendor(guid="i2", name=analyst.integration_name, vendor="snowflake"),)
    rows = (first, analyst, replace(analyst, guid="n4", role="", preferred=False, renews=True), ended)
    lent = account.LentRow(
        content_guid=GUID, content_title="Sales", integration_guid=GUID, integration_name="Snowflake", role="ANALYST",
        until=NOW + timedelta(days=20), to_viewers=True, to_schedules=False, counts=True,
    )  # fmt: skip
    ended = replace(lent, content_title=LONG, role="", counts=False)
    full = account.Connections(page=at, rows=rows, more_roles=further, lent=(lent, ended))
    yield "connections", "connections", full
    yield "connections-empty", "connections", account.Connections(page=at, rows=())
    lines = (
        account.UseLine(
            time=ago(minutes=3), text=f"{LONG} used your Snowflake connection (role ANALYST)", address="192.0.2.7"
        ),
        account.UseLine(time=ago(hours=3), text="Your Snowflake connection (role ANALYST) was renewed"),
        account.UseLine(time=ago(days=90), text="You connected Snowflake (role ANALYST)", address="192.0.2.7"),
    )
    uses = account.ConnectionUses(page=at, row=analyst, lines=lines, older="/connections/n2?next=x")
    yield "connection-uses", "connection_uses", uses
    yield "connection-uses-empty", "connection_uses", replace(uses, row=first, lines=(), older="")


def stage_samples() -> Iterator[tuple[str, str, Any]]:
    mine = stages.Acting(
        guid="i2",
        name="Snowflake",
        vendor="snowflake",
        how="viewer",
        account="alice@example.org",
        takes_roles=True,
        role="ANALYST",
        roles=(
            stages.StageRole(pick="default", role="", held=True, account="alice@example.org"),
            stages.StageRole(pick="named:LOADER", role="LOADER"),
        ),
    )
    service = stages.Acting(guid="i4", name="reporting", vendor="databricks", how="service")
    lent = stages.Acting(
        guid="i5", name="Warehouse", vendor="snowflake", how="lent", lender="Maria", until=NOW + timedelta(days=12)
    )
    stage = stages.Stage(
        page=page("Sales", ALICE),
        guid=GUID,
        title="Sales",
        app=f"/content/{GUID}/",
        here=f"/open/{GUID}/",
        acting=(mine,),
        version="12",
        deployed=ago(days=3),
        username="alice",
    )
    yield "stage", "stage", stage
    yield "stage-plain", "stage", replace(stage, acting=())
    pinned = replace(mine, pinned=True, roles=())
    several = replace(stage, title=LONG, acting=(service, pinned, lent), mine=True)
    yield "stage-several", "stage", replace(several, page=page(LONG, PUBLISHER))
    yield "stage-lent", "stage", replace(stage, acting=(lent,), title="")


def account_samples() -> Iterator[tuple[str, str, Any]]:
    yield from connection_samples()
    yield from stage_samples()
    keys = (
        account.KeyRow(
            id="1", name="Laptop", created=ago(days=30), expires=NOW + timedelta(days=60), last_used=ago(minutes=2)
        ),
        account.KeyRow(
            id="2", name="Continuous integration for the quarterly revenue dashboard", created=ago(days=300)
        ),
        account.KeyRow(
            id="3", name="Old script", created=ago(days=500), expires=ago(days=135), last_used=ago(days=140)
        ),
    )
    yield "keys", "keys", account.Keys(page=page("API keys", PUBLISHER, "keys"), keys=keys, now=NOW)
    yield (
        "keys-made",
        "keys",
        account.Keys(
            page=page("API keys", PUBLISHER, "keys"),
            keys=keys[:1],
            now=NOW,
            new_key="tbk_4f9aYw1mPZq0Xc7rK2vN8sLd6HtE3uBj",
            new_name="Laptop",
        ),
    )
    yield (
        "keys-empty",
        "keys",
        account.Keys(
            page=page("API keys", PUBLISHER, "keys"),
            keys=(),
            now=NOW,
            typed_name="Laptop",
            problems={"name": "You have a key called Laptop already. Choose another name."},
        ),
    )
    tools = (
        account.ToolRow(
            kind="sign-in", guid="t1", name="Posit CLI", since=ago(days=12), ends=NOW + timedelta(days=90),
            address="192.0.2.17", last_used=ago(minutes=3),
        ),
        account.ToolRow(kind="claim", guid="t2", name=LONG, since=ago(days=80), ends=NOW + timedelta(days=10)),
    )  # fmt: skip
    shown = account.SignedInTools(page=page("Signed-in tools", PUBLISHER, "tools"), rows=tools)
    yield "tools", "tools", shown
    yield "tools-empty", "tools", replace(shown, page=page("Signed-in tools", ALICE, "tools"), rows=())
    yield "connect-hash", "connect_hash", account.HashRedirect(page=page("Older address", ALICE))


def activity_samples() -> Iterator[tuple[str, str, Any]]:
    """Activity: full, searched, empty."""
    facts = (("request", "1f2e3d4c5b6a"), ("bundle", "12"), ("token hash", "9f86d081884c"))
    rows = (
        activity.EventRow(
            time=ago(minutes=2), text=f"{LONG} used Alice Example’s Snowflake connection (role ANALYST)", actor="alice",
            action="App used a connection", address="127.0.0.1", seq=14_205, facts=facts,
        ),
        activity.EventRow(
            time=ago(hours=1), text="Pat changed the integration Snowflake", actor="pat", action="Integration changed",
            address="192.0.2.17", seq=14_204, facts=(("fields", "['name']"),),
        ),
        activity.EventRow(
            time=ago(days=3), text="Bob’s Snowflake connection ended (invalid_grant)", actor="system",
            action="Connection ended",
        ),
    )  # fmt: skip
    actions = (("exchange_credentials", "App used a connection"), ("edit_oauth_integration", "Integration changed"))
    here = page("Activity", ADMIN, "activity")
    full = activity.Activity(page=here, rows=rows, actions=actions, older="/activity?next=x")
    yield "activity", "activity", full
    only = (activity.Only(name="connection", value="046f9a7d-3c00-41db-9ac7-0d153f2edfdd", without="/activity"),)
    yield "activity-only", "activity", replace(full, query="alice", only=only, newer="/activity", rows=rows[:1])
    wrong = replace(full, rows=(), query="zebra", problem="Type a day like 2027-01-31.")
    yield "activity-none", "activity", wrong
    yield "activity-empty", "activity", replace(full, rows=(), actions=(), older="")


def group_samples() -> Iterator[tuple[str, str, Any]]:
    """Groups: some, none, one of one's own, one of somebody else, an empty one."""
    around = page("Groups", PUBLISHER, "groups")
    rows = (
        groups.GroupRow(guid="g1", name="Executive committee", owner="", members=7),
        groups.GroupRow(guid="g2", name="Sales, Europe", owner="Priya Raman", members=12, mine=True),
        groups.GroupRow(
            guid="g3", name="Everybody who reads the quarterly revenue dashboard of the Antarctic office",
            owner="Bartholomew Featherstonehaugh-Cholmondeley", members=1204,
        ),
    )  # fmt: skip
    yield "groups", "groups", groups.Groups(page=around, rows=rows, total=203, more=True, may_add=True)
    yield "groups-none", "groups", groups.Groups(page=around, rows=(), total=0, may_add=True)
    taken = {"name": "There is already a group of this name."}
    failing = groups.Groups(page=around, rows=(), total=0, query="zz", may_add=True, typed_name="Sales", problems=taken)
    yield "groups-failing", "groups", failing
    members = (
        groups.MemberRow(guid="u1", name="Priya Raman", username="priya", me=True),
        groups.MemberRow(guid="u2", name="Alice Martin", username="alice"),
        groups.MemberRow(guid="u3", name="", username="bartholomew.featherstonehaugh", locked=True),
    )
    choices = (content.PersonChoice(username="bob", name="Bob Ferreira"),)
    one = groups.Group(page=around, group=rows[1], members=members, candidates=choices, typed_name="Sales, Europe")
    yield "group", "group", one
    yield "group-other", "group", replace(one, group=rows[2], candidates=())
    unknown = {"username": "Nobody here has this username; check its spelling."}
    yield "group-empty", "group", replace(one, members=(), typed_username="bo", problems=unknown)


def reference_samples() -> Iterator[tuple[str, str, object]]:
    """The pages that tell about the API."""
    lines = tuple(
        reference.RouteLine(
            method=method, path=path, summary=words, who=who, href="#x", deprecated="applications" in path
        )
        for method, path, words, who in (
            ("GET", "/v1/content", "Everything the caller may open, last deployed first.", "Signed in"),
            ("POST", "/v1/content", "A new, undeployed content item.", "Publishers"),
            ("DELETE", "/v1/content/{guid}", "Delete a content item with its versions; its apps stop.", "Publishers"),
            ("PUT", "/v1/content/{guid}/oauth/integrations/associations", "Replace that list.", "Publishers"),
            ("GET", "/applications/{id}", "One content item by its number.", "Signed in"),
        )
    )
    areas = tuple(
        reference.AreaLines(name=name, slug=name.lower().replace(" ", "-"), lines=lines[:most])
        for name, most in (("Content", 5), ("Bundles and packages", 3), ("People", 1))
    )
    list_page = page("The API", PUBLISHER, "api")
    yield "reference", "reference", reference.Reference(page=list_page, query="", areas=areas, total=120)
    yield "reference-none", "reference", reference.Reference(page=list_page, query="zebra", areas=(), total=120)
    tag = reference.Piece(text="TagObject", href="#shape-TagObject")
    members = (
        reference.Member(name="id", kind=(reference.Piece(text="text"),), required=True, about="A number in quotes."),
        reference.Member(
            name="parent_id", kind=(reference.Piece(text="text"), reference.Piece(text=" or null")), required=False,
            rule="at most 256 characters",
        ),
    )  # fmt: skip
    payload = reference.Payload(media="application/json", kind=(reference.Piece(text="list of "), tag))
    text = reference.RouteText(
        anchor="get_v1_tags", method="GET", path="/v1/tags/{id}/content", summary="What carries a tag.",
        who="Everybody who is signed in.", refuses="parent_id must name a tag (code 157).", deprecated=False,
        body_required=False,
        parameters=(reference.Member(
            name="page_number", kind=(reference.Piece(text="whole number"),), required=False,
            rule="from 1 to 999,999,999,999,999; 1 where it is left out", place="query",
        ),),
        bodies=(payload,),
        replies=(reference.Reply(status="200", phrase="OK", payloads=(payload,)),),
        refusals=tuple(reference.Reply(status=n, phrase=p) for n, p in (("400", "Bad Request"), ("404", "Not Found"))),
        example='curl -H "Authorization: Key $KEY" "http://localhost:3939/__api__/v1/tags/$ID/content"',
    )  # fmt: skip
    yield (
        "reference-area",
        "reference_area",
        reference.Area(
            page=page("Tags: the API", PUBLISHER, "api"), name="Tags", routes=(text,),
            shapes=(reference.Shape(name="TagObject", anchor="shape-TagObject", about="A tag.", members=members),
                    reference.Shape(name="Number", anchor="shape-Number", about="", members=(), kind=(tag,))),
        ),
    )  # fmt: skip


def samples() -> tuple[Sample, ...]:
    """Every screen in every state worth looking at."""
    rooms = (
        home_samples,
        content_samples,
        group_samples,
        integration_samples,
        account_samples,
        reference_samples,
        activity_samples,
    )
    ours = [Sample(slug, screen, view, dashboard_render.render) for room in rooms for slug, screen, view in room()]
    return (*gate_samples(), *ours)
