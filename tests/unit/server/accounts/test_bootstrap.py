"""The bootstrap token (connect-api.md 1.5)."""

import base64
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from server.accounts import store as accounts
from server.accounts.bootstrap import Bootstrap, check_token
from server.audit.trail import Trail
from server.db.engine import Database
from server.keys.keyring import Keyring
from server.web.api import Api
from server.web.csrf import Csrf
from server.web.errors import ApiError
from tests.unit.server.web.asking import asking

SECRET = b"s" * 32


def header(secret: bytes = SECRET, **changes: Any) -> str:
    moment = int(time.time())
    claims = {"iss": "rsconnect-python", "aud": "rsconnect", "scope": "bootstrap", "iat": moment, "exp": moment + 900}
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return "Connect-Bootstrap " + jwt.encode({"alg": "HS256"}, kept, OctKey.import_key(secret))


def test_a_good_token():
    check_token(header(), SECRET)
    check_token(header().replace("Connect-Bootstrap", "connect-bootstrap"), SECRET)


def unsigned() -> str:
    parts = [{"alg": "none"}, {"iss": "rsconnect-python", "aud": "rsconnect", "scope": "bootstrap"}]
    texts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts]
    return "Connect-Bootstrap " + ".".join(texts) + "."


@pytest.mark.parametrize(
    "sent",
    [
        "", "Connect-Bootstrap ", "Connect-Bootstrap x.y.z", "Key abc", header(b"t" * 32), unsigned(),
        header(iss="someone"), header(aud="elsewhere"), header(scope="admin"), header(iss=None), header(aud=None),
        header(scope=None), header(exp=None), header(iat=None), header(exp=int(time.time()) - 60),
        header(exp=int(time.time()) + 10**6), header(iat=int(time.time()) + 10**5), header(exp="soon"),
        header(iat=10**400), header()[:-2],
    ],
)  # fmt: skip
def test_bad_tokens(sent: str):
    with pytest.raises(ApiError) as caught:
        check_token(sent, SECRET)
    assert (caught.value.status, caught.value.code) == (401, 166)


def by_rsa() -> str:
    moment = int(time.time())
    claims = {"iss": "rsconnect-python", "aud": "rsconnect", "scope": "bootstrap", "iat": moment, "exp": moment + 900}
    return "Connect-Bootstrap " + jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048))


def stretched(**changes: Any) -> str:
    """A good header whose claims were changed after it was signed."""
    head, _claims, signature = header().split(".")
    claims = {"iss": "rsconnect-python", "aud": "rsconnect", "scope": "bootstrap", "iat": 0, "exp": 2**31} | changes
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


REFUSALS = {
    "no header": (None, 401, 166),
    "another scheme": (lambda: "Key abc", 401, 166),
    "no token": (lambda: "Connect-Bootstrap ", 401, 166),
    "not a JWT": (lambda: "Connect-Bootstrap a.b", 401, 166),
    "alg none": (unsigned, 401, 166),
    "alg RS256": (by_rsa, 401, 166),
    "another secret": (lambda: header(b"t" * 32), 401, 166),
    "changed claims": (stretched, 401, 166),
    "expired": (lambda: header(exp=int(time.time()) - 60), 401, 166),
    "no exp": (lambda: header(exp=None), 401, 166),
    "issued in the future": (lambda: header(iat=int(time.time()) + 600, exp=int(time.time()) + 900), 401, 166),
    "exp too far": (lambda: header(exp=int(time.time()) + 86400), 401, 166),
    "another iss": (lambda: header(iss="someone"), 401, 166),
    "another aud": (lambda: header(aud="elsewhere"), 401, 166),
    "another scope": (lambda: header(scope="admin"), 401, 166),
    "people exist": (header, 403, 165),
    "disabled": (header, 404, 4),
}
PATHS = ("/v1/bootstrap", "/v1/experimental/bootstrap")


async def ask(db: Database, path: str, authorization: str | None, secret: bytes | None = SECRET) -> tuple[int, Any]:
    headers = {} if authorization is None else {"authorization": authorization}
    trail = Trail(db, gather=0.01)
    request, sent = asking("POST", f"/__api__{path}", **headers), []

    async def send(message: Any) -> None:
        sent.append(message)

    api = Api(Bootstrap(db, trail, secret).routes().routes, Csrf(Keyring(b"b" * 32), ()))
    await api(request.scope, request.receive, send)
    await trail.aclose()
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("why", REFUSALS)
async def test_each_refusal_at_both_addresses(db: Database, path: str, why: str):
    made, status, code = REFUSALS[why]
    if why == "people exist":
        db.write_now(lambda s: accounts.add_user(s, username="ann"))
    answered = await ask(db, path, made() if made else None, None if why == "disabled" else SECRET)
    assert (answered[0], answered[1]["code"], answered[1]["payload"]) == (status, code, None)
    people = db.read_now(accounts.any_user)
    assert people is (why == "people exist")


@pytest.mark.parametrize("path", PATHS)
async def test_the_first_administrator_is_made_once(db: Database, path: str):
    status, body = await ask(db, path, header())
    assert (status, set(body)) == (200, {"api_key"})
    assert (await ask(db, path, header()))[0] == 403
    user = db.read_now(accounts.by_name, "admin")
    assert user is not None
    assert user.role == "administrator"
