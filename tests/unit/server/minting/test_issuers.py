"""The addresses of an issuer that anybody may read."""

import pytest
from joserfc.jwk import RSAKey

from server.minting.keys import bare

HERE = "/__oauth__/issuers"


@pytest.mark.parametrize(
    "path",
    [
        HERE + "/{guid}/.well-known/openid-configuration",
        HERE + "/{guid}/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server" + HERE + "/{guid}",
    ],
)
async def test_discovery_names_the_issuer_and_its_keys(world, house, path):
    answer = await house.browser().get(path.replace("{guid}", world.integration.guid))
    assert answer.status_code == 200
    document = answer.json()
    assert document["issuer"] == f"http://localhost:3939{HERE}/{world.integration.guid}"
    assert document["jwks_uri"] == f"{document['issuer']}/jwks.json"
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["token_endpoint"] == "http://localhost:3939/__api__/v1/oauth/integrations/credentials"
    assert {"upn", "scp", "iss", "aud"} <= set(document["claims_supported"])


async def test_the_public_key_as_pem_and_as_snowflake_wants_it(world, house):
    (key,) = await world.jwks()
    assert key.keys() == {"kty", "use", "alg", "kid", "n", "e"}
    here = f"{HERE}/{world.integration.guid}"
    pem = (await house.browser().get(f"{here}/public-key.pem")).text
    assert RSAKey.import_key(pem).thumbprint() == key["kid"]
    assert (await house.browser().get(f"{here}/keys/{key['kid']}.pem")).text == pem
    assert (await house.browser().get(f"{here}/keys/{key['kid']}.txt")).text == bare(pem)
    assert (await house.browser().get(f"{here}/keys/other.pem")).status_code == 404


async def test_there_is_nothing_to_read_of_others(world, house):
    other = await house.integration(world.admin)
    for guid in (other.guid, "00000000-0000-0000-0000-000000000000", "x"):
        for path in ("jwks.json", "public-key.pem", ".well-known/openid-configuration"):
            assert (await house.browser().get(f"{HERE}/{guid}/{path}")).status_code == 404


async def test_nothing_there_is_private(world, house):
    for path in ("jwks.json", "public-key.pem", ".well-known/openid-configuration"):
        text = (await house.browser().get(f"{HERE}/{world.integration.guid}/{path}")).text
        assert "PRIVATE" not in text
        assert '"d"' not in text
