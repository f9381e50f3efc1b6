"""A token acts as the person who claimed it, from then on and until she ends it."""

import pytest

from server.accounts import store as accounts
from server.claims.claims import UNUSED, WAITS, tool_name
from server.db.models import ClaimToken
from server.sessions.signatures import Line
from server.web.caller import BadCredential, Caller
from server.web.errors import ApiError
from tests.harness.signing import Signer, new_key
from tests.unit.server.authorize.rig import Rig

PATH = "/__api__/v1/user"


async def who(rig: Rig, signer: Signer) -> Caller | BadCredential:
    off = rig.moment - rig.started
    headers = [(n.lower().encode(), v.encode()) for n, v in signer.headers("GET", PATH, off=off).items()]
    return await rig.sessions.identify(headers, Line("GET", PATH.encode()))


async def claimed(rig: Rig) -> tuple[Signer, Caller]:
    signer, caller = Signer(), await rig.sign_in(rig.new_browser(), rig.ann)
    secret = (await rig.claim_page(signer)).removeprefix("/claim/")
    assert await rig.claims.decide(secret, caller, allowed=True) is not None
    return signer, caller


async def test_nobody_until_it_is_claimed(rig: Rig):
    signer = Signer()
    unknown = await who(rig, signer)
    secret = (await rig.claim_page(signer)).removeprefix("/claim/")
    waiting = await who(rig, signer)
    # What nobody brought and what nobody claimed cannot be told apart.
    assert unknown == waiting
    assert isinstance(waiting, BadCredential)
    assert (waiting.status, waiting.code) == (401, 30)
    caller = await rig.sign_in(rig.new_browser(), rig.ann)
    assert await rig.claims.decide(secret, caller, allowed=True) is not None
    found = await who(rig, signer)
    assert isinstance(found, Caller)
    assert (found.guid, found.role, found.via) == (rig.ann.guid, "publisher", "key")
    assert found.credential.startswith("claim:")


async def test_a_claim_is_made_once_and_in_time(rig: Rig):
    signer, caller = Signer(), await rig.sign_in(rig.new_browser(), rig.ann)
    secret = (await rig.claim_page(signer)).removeprefix("/claim/")
    assert await rig.claims.look("x" * 43) is None
    assert await rig.claims.look(signer.token) is None
    assert await rig.claims.decide(secret, caller, allowed=True) is not None
    assert await rig.claims.look(secret) is None
    assert await rig.claims.decide(secret, caller, allowed=True) is None
    late = (await rig.claim_page(Signer())).removeprefix("/claim/")
    rig.moment += WAITS
    assert await rig.claims.look(late) is None
    assert await rig.claims.decide(late, caller, allowed=True) is None


async def test_refusing_forgets_it(rig: Rig):
    signer, caller = Signer(), await rig.sign_in(rig.new_browser(), rig.ann)
    secret = (await rig.claim_page(signer)).removeprefix("/claim/")
    assert await rig.claims.decide(secret, caller, allowed=False) is not None
    assert isinstance(await who(rig, signer), BadCredential)
    assert rig.rows(ClaimToken) == []


async def test_another_key_signs_for_nobody(rig: Rig):
    signer, _caller = await claimed(rig)
    thief = Signer(new_key(), signer.token)
    assert isinstance(await who(rig, thief), BadCredential)
    assert isinstance(await who(rig, signer), Caller)


async def test_a_person_lists_and_ends_her_own(rig: Rig):
    signer, caller = await claimed(rig)
    assert isinstance(await who(rig, signer), Caller)
    (row,) = await rig.claims.of(caller)
    assert row.name == "PositPublisher/2.11"
    bob = rig.db.write_now(lambda s: accounts.add_user(s, username="bob", role="administrator"))
    other = await rig.sign_in(rig.new_browser(), bob)
    assert await rig.claims.of(other) == []
    with pytest.raises(ApiError):
        await rig.claims.end(other, row.guid)
    assert await rig.claims.end(caller, row.guid) == row.name
    assert isinstance(await who(rig, signer), BadCredential)
    assert f"claim:{row.guid}" in rig.ended
    with pytest.raises(ApiError):
        await rig.claims.end(caller, row.guid)


async def test_locking_and_a_lower_role_hold_at_once(rig: Rig):
    signer, _caller = await claimed(rig)
    await rig.db.write(accounts.change_user, rig.ann.guid, {"role": "viewer"})
    await rig.sessions.person_changed(rig.ann.guid, end_sessions=False)
    found = await who(rig, signer)
    assert isinstance(found, Caller)
    assert found.role == "viewer"
    await rig.sessions.person_changed(rig.ann.guid, end_sessions=True)
    assert isinstance(await who(rig, signer), BadCredential)


async def test_it_ends_when_it_is_not_used_and_lasts_while_it_is(rig: Rig):
    signer, _caller = await claimed(rig)
    for _ in range(2):
        rig.moment += UNUSED * 0.9
        assert isinstance(await who(rig, signer), Caller)
        await rig.sessions.flush()
        rig.sessions.people_changed([rig.ann.guid])
    rig.moment += UNUSED * 1.1
    assert isinstance(await who(rig, signer), BadCredential)
    await rig.sessions.sweep()
    assert rig.rows(ClaimToken) == []


async def test_the_database_holds_no_claim_address(rig: Rig):
    page = await rig.claim_page(Signer())
    assert page.removeprefix("/claim/") not in str([row.model_dump() for row in rig.rows(ClaimToken)])


@pytest.mark.parametrize(
    ("agent", "name"), [("", "Unnamed tool"), ("a\r\nb", "a b"), ("\u202ex" * 3, "x x x"), ("y" * 999, "y" * 80)]
)
def test_names_are_one_plain_line(agent: str, name: str):
    assert tool_name(agent) == name
