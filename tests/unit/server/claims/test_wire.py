"""Public keys of tools: RSA, of a fit size, in one spelling."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.claims.wire import public_key
from tests.harness.signing import Signer


def text(key, encoding: Encoding = Encoding.DER, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    raw = key.public_key().public_bytes(encoding, form)
    return raw.decode() if encoding is Encoding.PEM else base64.b64encode(raw).decode()


def test_a_key_as_publisher_sends_it_and_as_pem():
    signer = Signer()
    der = base64.b64decode(signer.public_key())
    assert public_key(signer.public_key()) == der
    assert public_key(text(signer.key, Encoding.PEM)) == der


@pytest.mark.parametrize("given", ["", "x", "%%%", base64.b64encode(b"not a key").decode(), "A" * 5000])
def test_what_is_no_key(given: str):
    assert public_key(given) is None


def test_other_kinds_and_small_keys_are_not_fit():
    made = (
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
    )
    assert [public_key(text(key)) for key in made] == [None, None, None]


def test_large_keys_cost_too_much():
    numbers = rsa.RSAPublicNumbers(65537, (1 << 8191) | 1)
    raw = numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public_key(base64.b64encode(raw).decode()) is None
