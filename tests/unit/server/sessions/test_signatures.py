"""Signed requests: what is covered by the signature, and when it can be used."""

import hashlib
from datetime import timedelta

import pytest

from server.db.clock import now
from server.sessions.signatures import EMPTY_MD5, WINDOW, BadSignature, Line, read
from tests.harness.signing import Signer, new_key

LINE = Line("POST", b"/__api__/v1/content?x=1")
BODY = b'{"name": "x"}'


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


def signed(signer: Signer, line: Line = LINE, body: bytes = BODY, *, hours: float = 0) -> dict[str, str]:
    made = signer.headers(line.method, line.target.decode(), body, off=timedelta(hours=hours))
    return {name.lower(): value for name, value in made.items()}


def raw(headers: dict[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode()) for name, value in headers.items())


def test_a_good_signature(signer: Signer):
    found = read(raw(signed(signer)), LINE, now())
    assert found.token == signer.token
    assert found.made_by(signer.key.public_key())
    assert not found.made_by(new_key().public_key())


def test_the_same_bytes_as_the_client_signs():
    """Recorded once: the exact input of the scheme (connect-api.md 1.8)."""
    headers = {
        "x-auth-token": "T" + "0123456789abcdef" * 2,
        "x-auth-signature": "AAAA",
        "date": "Mon, 02 Jan 2006 15:04:05 GMT",
        "x-content-checksum": "1B2M2Y8AsgTpgAmY7PhCfg==",
    }
    moment = now().replace(year=2006, month=1, day=2, hour=15, minute=5, second=0)
    found = read(raw(headers), Line("GET", b"/__api__/v1/user?a=b"), moment)
    assert found.signed == b"GET\n/__api__/v1/user\nMon, 02 Jan 2006 15:04:05 GMT\n1B2M2Y8AsgTpgAmY7PhCfg=="


@pytest.mark.parametrize(
    "line",
    [
        Line("PUT", LINE.target),
        Line("post", LINE.target),
        Line("POST", b"/__api__/v1/content/"),
        Line("POST", b"//__api__/v1/content"),
        Line("POST", b"/__api__/v1/conten%74"),
        Line("POST", b"/__api__/v1/users"),
    ],
)
def test_method_and_path_are_covered_as_sent(signer: Signer, line: Line):
    assert not read(raw(signed(signer)), line, now()).made_by(signer.key.public_key())


@pytest.mark.parametrize("name", ["x-content-checksum", "date"])
def test_the_fields_are_covered(signer: Signer, name: str):
    other = {**signed(signer), name: signed(signer, body=b"other", hours=0.01)[name]}
    assert not read(raw(other), LINE, now()).made_by(signer.key.public_key())


@pytest.mark.parametrize("minutes", [-6, 6, 600])
def test_the_date_is_near(signer: Signer, minutes: float):
    with pytest.raises(BadSignature, match="clock"):
        read(raw(signed(signer, hours=minutes / 60)), LINE, now())
    assert timedelta(minutes=5) == WINDOW
    assert read(raw(signed(signer, hours=4 / 60)), LINE, now())


@pytest.mark.parametrize(
    "changes",
    [
        {"date": "yesterday"}, {"date": ""}, {"date": "Mon, 1 Jan 99999999999999999999 00:00:00 GMT"},
        {"date": "Mon, 1 Jan 2024 00:00:00 +99999999999999999999"},
        {"x-auth-token": "T1"}, {"x-auth-token": ""}, {"x-auth-signature": ""},
        {"x-auth-signature": "%%%"}, {"x-content-checksum": "xx"}, {"x-content-checksum": ""},
        {"x-auth-token": "T" + "g" * 32},
    ],
)  # fmt: skip
def test_what_cannot_be_read(signer: Signer, changes: dict[str, str]):
    with pytest.raises(BadSignature):
        read(raw(signed(signer) | changes), LINE, now())


@pytest.mark.parametrize("name", ["x-auth-token", "x-auth-signature", "date", "x-content-checksum"])
def test_each_field_is_sent_once(signer: Signer, name: str):
    sent = signed(signer)
    with pytest.raises(BadSignature, match="twice"):
        read((*raw(sent), (name.encode(), sent[name].encode())), LINE, now())
    with pytest.raises(BadSignature):
        read(raw({n: v for n, v in sent.items() if n != name}), LINE, now())
    with pytest.raises(BadSignature):
        read(raw(sent), None, now())


def test_where_no_body_is_checked_there_is_none(signer: Signer):
    assert hashlib.md5(b"").digest() == EMPTY_MD5
    line = Line("GET", b"/content/x/", empty=True)
    good = signed(signer, line, b"")
    assert read(raw(good), line, now()).made_by(signer.key.public_key())
    assert read(raw(good | {"content-length": "0"}), line, now())
    for headers, asked in (
        (signed(signer, line, b"x"), line),
        (good | {"content-length": "1"}, line),
        (good | {"transfer-encoding": "chunked"}, line),
        (good, Line("POST", line.target, empty=True)),
    ):
        with pytest.raises(BadSignature):
            read(raw(headers), asked, now())
