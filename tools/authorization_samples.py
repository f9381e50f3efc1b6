"""Made-up views of the screens of delegated authorizations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dashboard.views import authorizations
from server.pages.views import Page


def authorization_samples(page: Page, now: datetime) -> Iterator[tuple[str, str, Any]]:
    row = authorizations.AuthorizationRow(
        kind="connection",
        created=now - timedelta(days=9),
        user_name="alice",
        user_guid="u1",
        role="",
        integration_guid="i1",
        integration_name="Sandbox",
        vendor="sandbox",
        good=True,
    )
    rows = (
        row,
        replace(row, role="ANALYST", integration_name="Snowflake finance warehouse for Europe", good=False),
        replace(row, kind="pre-authorized", user_name="a.person.with.a.very.long.username@example.org", by="ada"),
    )
    full = authorizations.Authorizations(
        page=page,
        rows=rows,
        total=1204,
        integrations=(
            authorizations.Choice(guid="i1", name="Sandbox"),
            authorizations.Choice(guid="i2", name="Quarterly revenue by region, product line and sales channel"),
        ),
        filter=authorizations.Filter(person="a", role=""),
        query="person=a&role=%28default%29",
        number=2,
        more=True,
    )
    yield "authorizations", "authorizations", full
    yield (
        "authorizations-wrong",
        "authorizations",
        replace(
            full,
            rows=(),
            total=0,
            typed_username="alise",
            problems={
                "username": "Nobody here has this username; check its spelling.",
                "ahead_integration": "This integration's client is public, without a secret: people are always asked.",
                "ahead_role": "Sandbox has no roles to choose from; leave the role out.",
            },
        ),
    )
    nothing = authorizations.Filter()
    empty = replace(full, rows=(), total=0, integrations=(), filter=nothing, query="", number=1, more=False)
    yield "authorizations-empty", "authorizations", empty
    yield (
        "authorizations-revoke",
        "authorizations_revoke",
        authorizations.RevokeAuthorizations(
            page=page,
            filter=authorizations.Filter(integration="i1"),
            whose="of everybody at Snowflake finance warehouse for Europe",
            connections=41,
            pre_authorizations=3,
            people=40,
            integrations=1,
        ),
    )
    told = authorizations.RevokedRow(
        user_name="alice",
        integration_name="Sandbox",
        role="ANALYST",
        kind="connection",
        told=True,
        message="The vendor is being told, until it has answered.",
    )
    untold = replace(told, told=False, message="This vendor offers no way to end access from here.")
    done = authorizations.RevokedAuthorizations(
        page=page,
        rows=(untold, told, replace(told, kind="pre-authorized", message="People are asked again.")),
        total=1204,
        not_told=1,
    )
    yield "authorizations-revoked", "authorizations_revoked", done
    yield "authorizations-gone", "authorizations_revoked", replace(done, rows=(), total=0, not_told=0)
