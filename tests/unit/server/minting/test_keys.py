"""Signing keys: made once, published before use, kept while tokens live, sealed and bound to their row (K-01, K-07)."""

import asyncio

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from server.db.models import SigningKey
from server.keys.keyring import Keyring, SealBroken
from server.minting.keys import LEEWAY, SigningKeys, bare, public_jwk
from server.minting.terms import LONGEST_LIFETIME
from server.web.errors import ApiError


def states(house) -> list[str]:
    return [row.state for row in sorted(house.rows(SigningKey), key=lambda row: row.id)]


async def test_the_first_key_is_made_once(world, house):
    made = await asyncio.gather(*(world.minting.keys.active(world.integration) for _ in range(5)))
    assert len({row.kid for row in made}) == 1
    assert states(house) == ["active"]


async def test_a_private_key_is_sealed(world, house):
    await world.minting.keys.active(world.integration)
    (row,) = house.rows(SigningKey)
    assert b"PRIVATE" not in row.sealed_private
    assert "PUBLIC KEY" in row.public_pem
    assert "PRIVATE" not in repr(row.public_pem)


async def test_a_new_key_is_published_before_it_signs_and_the_old_one_stays(world, house):
    keys = world.minting.keys
    old = await keys.active(world.integration)
    new = await keys.publish(world.admin.caller, world.integration, bits=2048)
    assert [key["kid"] for key in await world.jwks()] == [old.kid, new.kid]
    before = (await world.exchange()).json()["access_token"]
    assert (await world.verified(before)).header["kid"] == old.kid
    await keys.use(world.admin.caller, world.integration, new.kid)
    after = (await world.exchange()).json()["access_token"]
    assert (await world.verified(after)).header["kid"] == new.kid
    assert (await world.verified(before)).header["kid"] == old.kid
    assert states(house) == ["old", "active"]
    house.time.ahead = LONGEST_LIFETIME + LEEWAY + 1
    assert [key["kid"] for key in await world.jwks()] == [new.kid]
    assert (await house.actions()).count("use_signing_key") == 1


async def test_only_one_new_key_waits_and_an_ended_one_goes(world, house):
    keys = world.minting.keys
    new = await keys.publish(world.admin.caller, world.integration, bits=2048)
    with pytest.raises(ApiError) as twice:
        await keys.publish(world.admin.caller, world.integration, bits=2048)
    assert twice.value.status == 409
    await keys.use(world.admin.caller, world.integration, new.kid)
    house.time.ahead = LONGEST_LIFETIME + LEEWAY + 1
    third = await keys.publish(world.admin.caller, world.integration, bits=2048)
    await keys.use(world.admin.caller, world.integration, third.kid)
    assert states(house) == ["old", "active"]


async def test_a_key_can_be_taken_back_but_not_the_one_in_use(world, house):
    keys = world.minting.keys
    active = await keys.active(world.integration)
    new = await keys.publish(world.admin.caller, world.integration, bits=2048)
    with pytest.raises(ApiError) as in_use:
        await keys.remove(world.admin.caller, world.integration, active.kid)
    assert in_use.value.status == 409
    await keys.use(world.admin.caller, world.integration, new.kid)
    with pytest.raises(ApiError) as replaced:
        await keys.use(world.admin.caller, world.integration, active.kid)
    assert replaced.value.status == 409
    await keys.remove(world.admin.caller, world.integration, active.kid)
    assert [key["kid"] for key in await world.jwks()] == [new.kid]
    with pytest.raises(ApiError) as gone:
        await keys.remove(world.admin.caller, world.integration, active.kid)
    assert gone.value.status == 404


async def test_a_key_that_was_moved_to_another_row_does_not_open(world, house):
    other = await world.integrate()
    await world.minting.keys.active(world.integration)
    await world.minting.keys.active(other)
    with house.change(SigningKey) as rows:
        rows[0].sealed_private, rows[1].sealed_private = rows[1].sealed_private, rows[0].sealed_private
    row = await world.minting.keys.active(world.integration)
    with pytest.raises(SealBroken):
        await world.minting.keys.sign(row, {})


async def test_another_keyring_opens_nothing(world, house):
    row = await world.minting.keys.active(world.integration)
    foreign = SigningKeys(house.db, Keyring(b"x" * 32), house.trail)
    with pytest.raises(SealBroken):
        await foreign.sign(row, {})


async def test_keys_go_with_their_integration(world, house):
    await world.minting.keys.active(world.integration)
    await house.integrations.delete(world.admin.caller, world.integration.guid)
    assert states(house) == []


async def test_the_public_halves_agree(world):
    row = await world.minting.keys.active(world.integration)
    token = await world.minting.keys.sign(row, {"a": 1})
    as_jwk = public_jwk(row)
    assert as_jwk.keys() == {"kty", "use", "alg", "kid", "n", "e"}
    assert jwt.decode(token.reveal(), RSAKey.import_key(as_jwk), algorithms=["RS256"]).claims == {"a": 1}
    assert "\n" not in bare(row.public_pem)
    assert bare(row.public_pem).startswith("MII")
