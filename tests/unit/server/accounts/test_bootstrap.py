"""The bootstrap token (connect-api.md 1.5)."""

import base64
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from server.accounts.bootstrap import check_token
from server.web.errors import ApiError

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
