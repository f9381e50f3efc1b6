"""Where an answer may come from: the callback's address and the issuer must be those of the flow (O-06, O-08)."""

from typing import Any

import pytest

from integrations.contract import ClientConfig
from server.connect.answer import Answer
from server.connect.origin import came_back_to, foreign_issuer, redirect_uri
from server.db.models import Flow, Integration

SHARED = "https://tabard.example/__oauth__/integrations/callback"
ROW: Any = Integration(guid="x", template="custom", auth_type="Viewer", sealed_secrets=b"", fingerprint="f")
OWN: Any = Integration(
    guid="x", template="custom", auth_type="Viewer", sealed_secrets=b"", fingerprint="f", own_callback=True
)


@pytest.mark.parametrize(
    ("row", "said", "fits"),
    [(ROW, None, True), (ROW, "x", True), (ROW, "y", False), (OWN, "x", True), (OWN, "y", False), (OWN, None, False)],
)
def test_the_address_fits_the_flow(row: Any, said: str | None, fits: bool):
    flow: Any = Flow(redirect_uri=redirect_uri(SHARED, row))
    assert came_back_to(flow, row, said) is fits


@pytest.mark.parametrize(
    ("configured", "named", "foreign"),
    [
        (None, None, False),
        (None, "https://elsewhere", False),
        ("https://p", "https://p", False),
        ("https://p", "https://p/", True),
        ("https://p", "", True),
        ("https://p", None, False),
    ],
)
def test_an_issuer_is_the_very_one(configured: str | None, named: str | None, foreign: bool):
    config = ClientConfig(
        template="custom", auth_type="Viewer", token_uri="https://p/t", client_id="c", issuer=configured
    )
    for answer in (Answer("s", code="c", issuer=named), Answer("s", error="access_denied", issuer=named)):
        assert foreign_issuer(config, answer) is foreign
