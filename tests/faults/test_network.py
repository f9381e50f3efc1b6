"""TLS that is wrong and names that lead astray: nothing is sent, nobody is shut out, and nothing less safe is tried.

F-13 and F-14, with certificates of our own and an injected resolver.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations import http
from integrations.errors import Passing
from integrations.http import OutboundClient
from tests.harness.engine_process import KEY
from tests.harness.grants import Node
from tests.harness.tiny_provider import TinyProvider


@dataclass
class Authority:
    """A certificate authority of the tests' own, in a folder."""

    folder: Path

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign("Test CA", self._key.public_key(), self._key, authority=True)
        self.file = self.folder / "ca.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name, public, key, *, authority=False, host="localhost", days=30) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = subject if key is not self._key else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        moment = datetime.now(UTC)
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
        made = made.serial_number(x509.random_serial_number()).not_valid_before(moment - timedelta(days=60))
        made = made.not_valid_after(moment + timedelta(days=days))
        made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        if not authority:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return made.sign(key, hashes.SHA256())

    def server(self, kind: str) -> ssl.SSLContext:
        """A server's side with a certificate that is `good`, `expired`, for the `wrong host` or `self-signed`."""
        key = ec.generate_private_key(ec.SECP256R1())
        host = "elsewhere.example.org" if kind == "wrong host" else "localhost"
        signer = key if kind == "self-signed" else self._key
        made = self._sign(host, key.public_key(), signer, host=host, days=-1 if kind == "expired" else 30)
        file = self.folder / f"{kind}.pem"
        plain = serialization.NoEncryption()
        pem = serialization.Encoding.PEM
        file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that the outbound client trusts."""
    made = Authority(tmp_path)
    context = httpx.create_ssl_context(trust_env=False)
    context.load_verify_locations(made.file)
    monkeypatch.setattr(http, "_tls", lambda: context)
    return made


@pytest.fixture
def plain() -> Iterator[TinyProvider]:
    with TinyProvider() as made:
        yield made


async def asked(url: str, provider: TinyProvider, at: str, client: OutboundClient) -> tuple[str, str, bool]:
    """What asking brings, the connection's status then, and whether its token may be spent."""
    async with Node(url, KEY, client=client) as node:
        person, row = await node.person("alice"), await node.integration(at)
        guid = await node.connect(provider, person, row)
        node.expire(guid)
        said = await node.ask(person, row)
        kept = node.connection(guid)
        return said, kept.status, kept.attempt_hash is not None


@pytest.mark.parametrize("kind", ["good", "expired", "wrong host", "self-signed"])
async def test_f_13_a_certificate_that_is_not_good_ends_the_call_and_not_the_grant(
    on_sqlite: str, authority: Authority, kind: str
):
    with TinyProvider(tls=authority.server(kind)) as provider:
        said, status, spent = await asked(on_sqlite, provider, provider.url, OutboundClient(allow_local=True))
        assert (status, spent) == ("connected", False)
        if kind == "good":
            assert said.startswith("at-")
        else:
            assert said.startswith("TryLater: The secure connection to the provider failed")
            assert provider.log == [], "not a byte of the request was sent"


async def test_f_13_a_server_that_speaks_no_tls_gets_nothing(on_sqlite: str, plain: TinyProvider):
    at = plain.url.replace("http:", "https:")
    said, status, spent = await asked(on_sqlite, plain, at, OutboundClient(allow_local=True))
    assert said.startswith("TryLater")
    assert (status, spent, plain.log) == ("connected", False, [])


async def test_f_13_a_handshake_that_never_ends_has_a_deadline(on_sqlite: str, plain: TinyProvider):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at = f"https://localhost:{silent.getsockname()[1]}"
        began = time.monotonic()
        said, status, spent = await asked(on_sqlite, plain, at, OutboundClient(allow_local=True))
        assert said == "TryLater: The provider could not be reached in time."
        assert (status, spent) == ("connected", False)
        assert time.monotonic() - began < 5


class Names:
    """A resolver that says what it is told, one answer after the other."""

    def __init__(self, *answers: list[str] | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    "addresses",
    [
        ["169.254.169.254"],
        ["93.184.216.34", "169.254.169.254"],
        ["127.0.0.1"],
        ["::1"],
        ["0.0.0.0"],
        ["::ffff:127.0.0.1"],
    ],
)
async def test_f_14_a_name_that_flips_to_us_or_to_the_metadata_service_is_refused_before_any_byte(
    on_sqlite: str, plain: TinyProvider, addresses: list[str]
):
    client = OutboundClient(allow_local=False, resolve=Names(addresses))
    at = f"https://provider.example.org:{plain.port}"
    said, status, spent = await asked(on_sqlite, plain, at, client)
    assert said.startswith("TryLater: The host name of this provider points at")
    assert (status, spent, plain.log) == ("connected", False, [])


async def test_f_14_a_name_that_is_not_found_or_never_answered_is_trouble_that_may_pass(
    on_sqlite: str, plain: TinyProvider
):
    missing = Names(Passing("The provider's host name could not be resolved.", code="dns"))
    at = f"http://localhost:{plain.port}"
    said, status, spent = await asked(on_sqlite, plain, at, OutboundClient(allow_local=True, resolve=missing))
    assert said == "TryLater: The provider's host name could not be resolved."
    assert (status, spent, plain.log) == ("connected", False, [])

    async def never(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(30)
        return ["127.0.0.1"]

    client = OutboundClient(allow_local=True, resolve=never, total_seconds=0.3)
    began = time.monotonic()
    async with Node(on_sqlite, KEY, client=client) as node:
        person, row = await node.person("ben"), await node.integration(at)
        guid = await node.connect(plain, person, row)
        node.expire(guid)
        assert await node.ask(person, row) == "TryLater: The provider did not answer in time."
        assert node.connection(guid).status == "connected"
    assert time.monotonic() - began < 5


async def test_f_14_a_slow_resolver_does_not_hold_the_event_loop(monkeypatch: pytest.MonkeyPatch, plain: TinyProvider):
    def slow(*_names: object, **_more: object) -> list[object]:
        time.sleep(0.3)
        raise socket.gaierror

    client = OutboundClient(allow_local=True)
    monkeypatch.setattr(http.socket, "getaddrinfo", slow)
    looking = asyncio.create_task(client.addresses("provider.example.org", 443))
    longest, last = 0.0, time.monotonic()
    while not looking.done():
        await asyncio.sleep(0.01)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    with pytest.raises(Passing, match="could not be resolved"):
        await looking
    assert longest < 0.25
    await client.aclose()
