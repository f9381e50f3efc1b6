"""A token's life is the least of what the provider says of it, whatever its clock says."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from integrations.contract import Secret, TokenSet
from server.db.clock import now
from server.vault.terms import lifetime, margin


def token(**claims: Any) -> Secret:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({}, claims)]
    return Secret(".".join([*parts, "sig"]))


@pytest.mark.parametrize(
    ("life", "asked", "expected"),
    [(3600, None, 60), (60, None, 15), (240, None, 60), (None, None, 60), (3600, 10, 60), (3600, 600, 600),
     (3600, 3600, 3240), (600, 600, 540), (86400, 7200, 3600), (None, 7200, 3600), (60, 1, 15)],
)  # fmt: skip
def test_how_early_a_token_is_renewed(life, asked, expected):
    assert margin(life, asked) == expected


@pytest.mark.parametrize("said", ["opaque", "a.b.c", "a.e30.c", "a.W10.c", "a.." + "x" * 9])
def test_what_is_no_jwt_lives_as_long_as_the_answer_says(said: str):
    assert lifetime(TokenSet(access_token=Secret(said), expires_in=600), now()) == 600
    assert lifetime(TokenSet(access_token=Secret(said)), now()) is None


@pytest.mark.parametrize("ahead", [-600, 0, 600])
@pytest.mark.parametrize(("life", "expected"), [(900, 300), (120, 120), (None, 300)])
def test_the_smaller_of_both_counts_whatever_the_providers_clock_says(ahead, life, expected):
    moment = now()
    theirs = moment.timestamp() + ahead
    by_span = TokenSet(access_token=token(exp=theirs + 300, iat=theirs), expires_in=life)
    assert lifetime(by_span, moment) == pytest.approx(expected)
    by_date = replace(by_span, access_token=token(exp=theirs + 300), skew=float(ahead))
    assert lifetime(by_date, moment) == pytest.approx(expected)


@pytest.mark.parametrize("exp", ["soon", True, None, [], float("inf"), 10**400, 5])
def test_an_end_that_makes_no_sense_is_not_looked_at(exp):
    assert lifetime(TokenSet(access_token=token(exp=exp), expires_in=600), now()) == 600
