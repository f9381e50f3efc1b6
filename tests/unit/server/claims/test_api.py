"""POST /tokens: what it takes, what it refuses, and that it gives nothing by itself."""

import pytest

from server.claims.api import FREE
from server.claims.claims import WAITS
from tests.harness.signing import Signer
from tests.unit.server.authorize.rig import ORIGIN, Rig


async def test_a_token_gets_a_claim_address(rig: Rig):
    reply = await rig.bring(Signer())
    assert reply.status_code == 200
    assert set(reply.json()) == {"token_claim_url"}
    assert reply.json()["token_claim_url"].startswith(f"{ORIGIN}/connect/#/claim/")


WHAT_IS_MISSING_OR_NO_KEY_IS = [
    {"token": ""},
    {"token": None},
    {"token": "T1"},
    {"token": "X" + "0" * 32},
    {"token": "T" + "g" * 32},
    {"public_key": ""},
    {"public_key": None},
    {"public_key": "abc"},
    {"public_key": "A" * 2048},
]


async def test_what_is_missing_or_no_key_is_code_86(rig: Rig):
    for changes in WHAT_IS_MISSING_OR_NO_KEY_IS:
        reply = await rig.bring(Signer(), **changes)
        assert (reply.status_code, reply.json()["code"]) == (400, 86)


@pytest.mark.parametrize("changes", [{"token": 7}, {"public_key": ["x"]}])
async def test_other_types_are_refused(rig: Rig, changes: dict[str, object]):
    assert (await rig.bring(Signer(), **changes)).status_code == 400


async def test_a_known_token_is_code_85_and_a_claimed_one_84(rig: Rig):
    signer = Signer()
    page = await rig.claim_page(signer)
    again = await rig.bring(Signer(token=signer.token))
    assert (again.status_code, again.json()["code"]) == (409, 85)
    caller = await rig.sign_in(rig.new_browser(), rig.ann)
    assert await rig.claims.decide(page.removeprefix("/claim/"), caller, allowed=True) is not None
    claimed = await rig.bring(Signer(token=signer.token))
    assert (claimed.status_code, claimed.json()["code"]) == (409, 84)
    old = Signer()
    await rig.claim_page(old)
    rig.moment += WAITS
    assert (await rig.bring(old)).status_code == 200


async def test_bringing_is_slowed_down(rig: Rig):
    for _ in range(FREE):
        reply = await rig.bring(Signer())
        assert reply.status_code == 200
    assert (await rig.bring(Signer())).status_code == 429
