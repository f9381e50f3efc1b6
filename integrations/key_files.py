"""Reads the private keys and certificates that administrators paste, as PEM."""

from __future__ import annotations

import base64
import re
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey, RSAKey

SigningKey = RSAKey | ECKey
_KEY: Final = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL)
_CURVES: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_SMALLEST_RSA: Final = 2048


class BadKey(ValueError):
    """A key or certificate cannot be used; the text is a predicate that names the fix."""


def signing_key(pem: str) -> tuple[SigningKey, str]:
    """The private key in a PEM text, with the signature algorithm that is usual for its kind. Raises BadKey."""
    found = _KEY.search(pem)
    if found is None:
        raise BadKey("must be a private key in PEM form, from -----BEGIN to the end of the -----END line")
    if "ENCRYPTED" in found.group(1) or "Proc-Type: 4,ENCRYPTED" in found.group(0):
        raise BadKey("must not be protected by a passphrase: it is sealed here")
    try:
        raw = load_pem_private_key(found.group(0).encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKey("must be a whole private key in PEM form; this one cannot be read") from None
    if isinstance(raw, RSAPrivateKey):
        if raw.key_size < _SMALLEST_RSA:
            raise BadKey(f"must be an RSA key of at least {_SMALLEST_RSA} bits")
        return RSAKey.import_key(found.group(0)), "RS256"
    if isinstance(raw, EllipticCurvePrivateKey) and raw.curve.name in _CURVES:
        return ECKey.import_key(found.group(0)), _CURVES[raw.curve.name]
    raise BadKey("must be an RSA or EC private key (P-256, P-384 or P-521)")


def private_key_problem(pem: str, algorithm: str = "") -> str | None:
    """What is wrong with a private key that is to sign with this algorithm (empty: any), as a predicate, or None."""
    try:
        key, _ = signing_key(pem)
    except BadKey as error:
        return str(error)
    if algorithm.startswith(("RS", "PS")) and not isinstance(key, RSAKey):
        return "must be an RSA private key: the provider takes no other kind"
    return None


def thumbprint(pem: str) -> str:
    """The ``x5t#S256`` of a certificate (RFC 7515 section 4.1.8). Raises BadKey."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise BadKey("must be a certificate in PEM form, from -----BEGIN to the end of the -----END line") from None
    return base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).decode().rstrip("=")


def certificate_problem(pem: str) -> str | None:
    """What is wrong with a certificate, as a predicate, or None."""
    try:
        thumbprint(pem)
    except BadKey as error:
        return str(error)
    return None
