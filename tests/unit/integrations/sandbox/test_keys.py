"""The signing key: one for a provider's life, published without its private half."""

import json

from joserfc import jwt
from joserfc.jwk import KeySet

from integrations.sandbox.keys import SigningKey


def test_what_is_published_verifies_and_cannot_sign():
    key = SigningKey()
    assert key.private is key.private
    published = key.public_set()
    (only,) = published["keys"]
    assert (only["kid"], only["use"], only["alg"], only["kty"]) == (key.kid, "sig", "RS256", "RSA")
    assert not {"d", "p", "q", "dp", "dq", "qi"} & only.keys()
    signed = jwt.encode({"alg": "RS256", "kid": key.kid}, {"sub": "alice"}, key.private)
    read = jwt.decode(signed, KeySet.import_key_set(json.loads(json.dumps(published))), algorithms=["RS256"])
    assert read.claims == {"sub": "alice"}
