"""Made-up views of the page of an integration's tokens, for the preview and the page tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dashboard.views import minting
from dashboard.views.integrations import IntegrationHead
from server.minting.statement import alter_keys, create
from server.minting.terms import terms_of
from server.pages.views import Page

ISSUER = "https://data.example.org/__oauth__/issuers/9a41f0c2-77aa-4c63-b1c5-0f6f6c1d2e3f"
PEM = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA" + "u1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0" * 5
)
KIDS = ("LCRd56Va1W7Ya85AtY_KmqtohwhzE19e3BZgLUiYK4Y", "T0EtRmGmZhBy-S_WMuDwqdZtsXua-BJjQmG1iUC_F-P")


def token_samples(page: Page, now: datetime) -> Iterator[tuple[str, str, Any]]:
    """Empty, full while keys overlap, and a token that a warehouse would refuse."""
    terms = terms_of({"audiences": "https://myorg-myaccount.snowflakecomputing.com"}, ISSUER)
    active = minting.KeyRow(
        kid=KIDS[0], state="active", bits=2048, created=now - timedelta(days=90), used=now - timedelta(days=90),
        keep_until=None,
    )  # fmt: skip
    head = IntegrationHead(
        guid="i1",
        name="Sales warehouse",
        vendor="external-oauth",
        vendor_label="External OAuth",
        auth_type="Viewer",
        apps=3,
        tab="tokens",
    )
    empty = minting.IntegrationTokens(
        page=page,
        head=head,
        may_inspect=True,
        issuer=ISSUER,
        issuer_path=ISSUER[24:],
        statement=create(terms, [PEM]),
        keys_statement=alter_keys([PEM]),
        keys=(active,),
        maps_roles=True,
    )
    yield "integration-tokens-empty", "integration_tokens", empty
    roles = ("ANALYST", "FINANCE_READ_ONLY_EUROPE")
    mapping = (
        minting.RoleRow(kind="user", guid="u1", name="alice", roles=None, login="ALICE.MARTIN@EXAMPLE.ORG"),
        minting.RoleRow(kind="group", guid="g1", name="Sales analysts in the region of Europe", roles=roles, login=""),
        minting.RoleRow(kind="user", guid="u2", name="contractor", roles=(), login=""),
        minting.RoleRow(kind="default", guid="", name="", roles=("PUBLIC",), login=""),
    )  # fmt: skip
    coming = replace(active, kid=KIDS[1], state="next", created=now - timedelta(minutes=5), used=None)
    claims = (
        minting.Claim(name="iss", value=ISSUER),
        minting.Claim(name="aud", value="https://myorg-myaccount.snowflakecomputing.com"),
        minting.Claim(name="upn", value="ada"),
        minting.Claim(name="scp", value='["session:role:PUBLIC"]'),
        minting.Claim(name="iat", value="1795320000", words="now"),
        minting.Claim(name="exp", value="1795320600", words="10 minutes from now"),
    )
    good = minting.Inspected(
        whose="yours",
        fingerprint="3fa9c1d2e4b7",
        opaque=False,
        advice=False,
        header=(minting.Claim(name="alg", value="RS256"), minting.Claim(name="kid", value=KIDS[0])),
        claims=claims,
        findings=(
            minting.Finding(claim="scp", met=True, says="It holds session:role:PUBLIC."),
            minting.Finding(claim="exp", met=True, says="It expires 10 minutes from now."),
        ),
    )
    keys = (active, coming)
    full = replace(
        empty, mapping=mapping, keys=keys, keys_statement=alter_keys([PEM, PEM]), inspected=good, has_default=True
    )
    yield "integration-tokens", "integration_tokens", full
    wrong = "The audience is urn:SALES, but urn:sales is wanted: capitals and small letters count."
    bad = replace(
        good,
        findings=(
            minting.Finding(claim="aud", met=False, says=wrong),
            minting.Finding(claim="exp", met=True, says="It expires 10 minutes from now."),
        ),
    )  # fmt: skip
    problems = {"roles": "A role has 1 to 255 visible ASCII characters, without spaces, double quotes and backslashes."}
    yield "integration-tokens-refused", "integration_tokens", replace(empty, inspected=bad, problems=problems)
    there = replace(head, vendor="github", vendor_label="GitHub")
    plain = replace(empty, head=there, issuer="", statement="", keys=(), maps_roles=False)
    opaque = minting.Inspected(whose="yours", fingerprint="3fa9c1d2e4b7", opaque=True, advice=True)
    yield "integration-tokens-opaque", "integration_tokens", replace(plain, inspected=opaque)
