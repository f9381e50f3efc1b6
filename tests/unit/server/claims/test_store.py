"""Tokens that wait are bounded, and go when their time is over."""

from server.claims import store
from server.claims.claims import WAITS
from server.db.models import ClaimToken
from tests.harness.signing import Signer
from tests.unit.server.authorize.rig import Rig


async def test_the_number_that_waits_is_bounded(rig: Rig, monkeypatch):
    monkeypatch.setattr(store, "MOST_WAITING", 1)
    first, second = Signer(), Signer()
    await rig.claim_page(first)
    assert (await rig.bring(second)).status_code == 503
    rig.moment += WAITS
    await rig.claim_page(second)
    assert [row.token for row in rig.rows(ClaimToken)] == [second.token]
