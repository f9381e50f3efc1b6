"""Private keys and a certificate for tests, made once a run."""

from __future__ import annotations

import datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID


@cache
def _rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def rsa_pem(bits: int = 2048) -> str:
    """An RSA private key as GitHub hands one out (PKCS #1)."""
    return _rsa_key(bits).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@cache
def rsa_public_pem() -> str:
    """The public half of `rsa_pem()`."""
    return _rsa_key(2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@cache
def ec_pem() -> str:
    """A P-256 private key (PKCS #8)."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


@cache
def ed25519_pem() -> str:
    """An Ed25519 private key (PKCS #8)."""
    return _pem(ed25519.Ed25519PrivateKey.generate())


@cache
def certificate_pem() -> str:
    """A certificate of `rsa_pem()`, signed by itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tabard")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(_rsa_key(2048).public_key())
    made = made.serial_number(1).not_valid_before(start).not_valid_after(start + datetime.timedelta(days=730))
    return made.sign(_rsa_key(2048), hashes.SHA256()).public_bytes(Encoding.PEM).decode()
