import pytest

from integrations.key_files import certificate_problem, private_key_problem, signing_key, thumbprint
from tests.harness.pem import certificate_pem, ec_pem, ed25519_pem, rsa_pem


@pytest.mark.parametrize(("make", "algorithm"), [(rsa_pem, "RS256"), (ec_pem, "ES256")])
def test_keys_are_read_with_their_usual_algorithm(make, algorithm):
    assert signing_key(f"\n{make()}\n")[1] == algorithm
    assert private_key_problem(make()) is None


@pytest.mark.parametrize(
    ("pem", "hint"),
    [
        ("CANARY", "PEM form"),
        ("-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----", "cannot be read"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nCANARY\n-----END ENCRYPTED PRIVATE KEY-----", "passphrase"),
        (certificate_pem(), "PEM form"),
        (ed25519_pem(), "RSA or EC"),
    ],
)
def test_what_is_no_usable_key_is_told_and_not_repeated(pem, hint):
    problem = private_key_problem(pem)
    assert hint in problem
    assert "CANARY" not in problem


def test_a_short_rsa_key_is_refused():
    assert "2048 bits" in private_key_problem(rsa_pem(1024))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_a_provider_may_take_rsa_alone(algorithm):
    assert private_key_problem(rsa_pem(), algorithm) is None
    assert "RSA" in private_key_problem(ec_pem(), algorithm)


def test_a_certificate_has_a_thumbprint():
    assert len(thumbprint(certificate_pem())) == 43
    assert certificate_problem(certificate_pem()) is None
    assert "PEM form" in certificate_problem("CANARY")
    assert "PEM form" in certificate_problem(rsa_pem())
