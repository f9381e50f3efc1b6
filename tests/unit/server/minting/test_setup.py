"""What an administrator is shown for the warehouse."""

from tests.unit.server.minting.world import ACCOUNT


async def test_the_statement_holds_this_integrations_values(world):
    shown = await world.minting.setup.issuer(world.integration)
    issuer = f"http://localhost:3939/__oauth__/issuers/{world.integration.guid}"
    assert shown["issuer"] == issuer
    assert shown["audiences"] == [ACCOUNT]
    assert (shown["scope_attribute"], shown["scope_delimiter"], shown["user_claim"]) == ("scp", None, "upn")
    (key,) = shown["keys"]
    assert f"external_oauth_issuer = '{issuer}'" in shown["statement"]
    assert f"external_oauth_rsa_public_key = '{key['public_key']}'" in shown["statement"]
    assert "external_oauth_rsa_public_key_2" not in shown["statement"]


async def test_while_keys_overlap_both_are_in_it(world, house):
    keys = world.minting.keys
    new = await keys.publish(world.admin.caller, world.integration, bits=2048)
    before = await world.minting.setup.issuer(world.integration)
    assert [key["state"] for key in before["keys"]] == ["active", "next"]
    await keys.use(world.admin.caller, world.integration, new.kid)
    after = await world.minting.setup.issuer(world.integration)
    assert [key["state"] for key in after["keys"]] == ["active", "old"]
    assert f"external_oauth_rsa_public_key = '{after['keys'][0]['public_key']}'" in after["keys_statement"]
    assert f"external_oauth_rsa_public_key_2 = '{after['keys'][1]['public_key']}'" in after["keys_statement"]
