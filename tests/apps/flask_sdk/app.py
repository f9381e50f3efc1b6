"""Calls posit-sdk in the viewer's name and as the service account, and tells what came back without any token."""

import hashlib
from datetime import UTC, datetime

from flask import Flask, jsonify, request
from posit import connect
from posit.connect.errors import ClientError
from posit.connect.external import aws
from posit.connect.external.snowflake import PositAuthenticator
from posit.connect.oauth.types import OAuthTokenType

app = Flask(__name__)
client = connect.Client()
kept: dict[str, connect.Client] = {}


def handle() -> str:
    return request.headers.get("Posit-Connect-User-Session-Token", "")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@app.errorhandler(ClientError)
def refused(error: ClientError):
    return jsonify(code=error.error_code, status=error.http_status, message=error.error_message)


@app.get("/")
def index():
    return "A probe of posit-sdk."


@app.get("/me")
def me():
    kept["last"] = client.with_user_session_token(handle())
    user = kept["last"].me
    return jsonify(username=user["username"], keys=len(kept["last"].content.find()))


@app.get("/kept")
def still():
    return jsonify(username=kept["last"].users.get(request.args["guid"])["username"])


@app.get("/key")
def key():
    given = client.oauth.get_credentials(handle(), requested_token_type=OAuthTokenType.API_KEY)
    return jsonify({**given, "access_token": digest(given["access_token"])})


@app.get("/token")
def token():
    return jsonify(digest=digest(client.oauth.get_credentials(handle(), audience=request.args.get("audience"))["access_token"]))


@app.get("/service")
def service():
    given = client.oauth.get_content_credentials()
    return jsonify(kind=given["token_type"] if given else None)


@app.get("/snowflake")
def snowflake():
    auth = PositAuthenticator(client=client, user_session_token=handle(), audience=request.args["audience"])
    return jsonify(authenticator=auth.authenticator, digest=digest(auth.token or ""))


@app.get("/aws")
def aws_credentials():
    own = request.args.get("own") == "true"
    found = aws.get_content_credentials(client) if own else aws.get_credentials(client, handle())
    return jsonify(
        keys=sorted(found),
        session=digest(found["aws_session_token"]),
        seconds=(found["expiration"] - datetime.now(UTC).replace(tzinfo=None)).total_seconds(),
    )
