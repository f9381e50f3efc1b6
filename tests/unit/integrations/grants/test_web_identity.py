"""AssumeRoleWithWebIdentity: what is sent, and every answer of STS, in JSON and in XML."""

import base64
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs

import httpx
import pytest

from integrations.contract import Secret
from integrations.errors import ClientRejected, ConsentEnded, Malformed, Passing
from integrations.grants.web_identity import Role, assume, endpoint, session_name, xml
from integrations.http import OutboundClient

ROLE = Role("arn:aws:iam::123456789012:role/Analysts", "https://sts.eu-west-1.amazonaws.com/", 3600)
ENDS = datetime(2027, 1, 31, 12, 0, 5, tzinfo=UTC)
GRANTED = {
    "AssumeRoleWithWebIdentityResponse": {
        "AssumeRoleWithWebIdentityResult": {
            "Credentials": {
                "AccessKeyId": "ASIAEXAMPLE",
                "SecretAccessKey": "CANARY-secret",
                "SessionToken": "CANARY-session",
                "Expiration": ENDS.timestamp(),
            }
        }
    }
}
AS_XML = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>amzn1.account</SubjectFromWebIdentityToken>
    <Credentials>
      <SessionToken>CANARY-session</SessionToken>
      <SecretAccessKey>CANARY-secret</SecretAccessKey>
      <Expiration>2027-01-31T12:00:05Z</Expiration>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""
ERROR_XML = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error><Type>Sender</Type><Code>{code}</Code><Message>CANARY &amp; more</Message></Error></ErrorResponse>"""


class Sts:
    def __init__(self, answer: httpx.Response) -> None:
        self.answer, self.seen = answer, []
        self.client = OutboundClient(allow_local=False, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return self.answer

    async def assume(self):
        return await assume(self.client, ROLE, token=Secret("CANARY-token"), name="alice")


async def test_the_request_is_an_unsigned_form_that_asks_for_json():
    sts = Sts(httpx.Response(200, json=GRANTED))
    await sts.assume()
    (request,) = sts.seen
    assert (request.method, str(request.url)) == ("POST", ROLE.endpoint)
    assert request.headers["accept"] == "application/json"
    assert "authorization" not in request.headers
    assert parse_qs(request.content.decode()) == {
        "Action": ["AssumeRoleWithWebIdentity"],
        "Version": ["2011-06-15"],
        "RoleArn": [ROLE.arn],
        "RoleSessionName": ["alice"],
        "WebIdentityToken": ["CANARY-token"],
        "DurationSeconds": ["3600"],
    }


@pytest.mark.parametrize("answer", [httpx.Response(200, json=GRANTED), httpx.Response(200, text=AS_XML)])
async def test_credentials_are_read_from_json_and_from_xml(answer):
    found = await Sts(answer).assume()
    assert found.access_key_id == "ASIAEXAMPLE"
    assert found.expiration == ENDS
    assert "CANARY" not in repr(found)
    assert json.loads(base64.b64decode(found.encoded().reveal())) == {
        "accessKeyId": "ASIAEXAMPLE",
        "secretAccessKey": "CANARY-secret",
        "sessionToken": "CANARY-session",
        "expiration": "2027-01-31T12:00:05Z",
    }


@pytest.mark.parametrize(
    ("status", "code", "kind", "ours"),
    [
        (400, "ExpiredTokenException", ConsentEnded, "expired_identity"),
        (400, "ExpiredToken", ConsentEnded, "expired_identity"),
        (403, "IDPRejectedClaim", ConsentEnded, "rejected_claim"),
        (400, "InvalidIdentityToken", ClientRejected, "invalid_identity_token"),
        (403, "AccessDenied", ClientRejected, "access_denied"),
        (400, "ValidationError", ClientRejected, "validation_error"),
        (403, "RegionDisabledException", ClientRejected, "region_disabled"),
        (400, "PackedPolicyTooLarge", ClientRejected, "policy_too_large"),
        (400, "IDPCommunicationError", Passing, "idp_communication"),
        (400, "Throttling", Passing, "rate_limited"),
        (503, "ServiceUnavailable", Passing, "unavailable"),
        (400, "Surprise", Passing, "status_400"),
        (403, "Surprise", ClientRejected, "access_denied"),
    ],
)
async def test_every_error_has_a_sentence_of_ours(status, code, kind, ours):
    as_json = httpx.Response(status, json={"Error": {"Code": code, "Message": "CANARY", "Type": "Sender"}})
    for answer in (as_json, httpx.Response(status, text=ERROR_XML.format(code=code))):
        with pytest.raises(kind) as refused:
            await Sts(answer).assume()
        assert refused.value.code == ours
        assert "CANARY" not in refused.value.reason


async def test_trouble_without_words_passes():
    wait = httpx.Response(429, headers={"Retry-After": "7"})
    with pytest.raises(Passing) as trouble:
        await Sts(wait).assume()
    assert (trouble.value.code, trouble.value.retry_after) == ("rate_limited", 7.0)
    with pytest.raises(Passing):
        await Sts(httpx.Response(500, text="<html>")).assume()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "<a>",
        json.dumps({"AssumeRoleWithWebIdentityResponse": "x"}),
        AS_XML.replace("2027-01-31T12:00:05Z", "soon"),
        AS_XML.replace("ASIAEXAMPLE", ""),
        AS_XML.replace("CANARY-session", "a&#10;b"),
    ],
)
async def test_a_success_without_credentials_is_malformed(text):
    with pytest.raises(Malformed):
        await Sts(httpx.Response(200, text=text)).assume()


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x "boom">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "<a>&x;</a>",
        "<a><b></a>",
        "<a>" * 50 + "</a>" * 50,
        "<a>" + "x" * 200_000 + "</a>",
    ],
)
def test_xml_that_attacks_its_reader_is_not_read(text):
    with pytest.raises(ValueError, match=r"."):
        xml(text)


def test_xml_becomes_members():
    assert xml('<s:a xmlns:s="urn:x" b="c"><s:d> e </s:d><f/></s:a>') == {"a": {"d": "e", "f": ""}}


def test_endpoints_are_regional():
    assert endpoint("us-east-1") == "https://sts.us-east-1.amazonaws.com/"
    assert endpoint("cn-north-1") == "https://sts.cn-north-1.amazonaws.com.cn/"


@pytest.mark.parametrize(
    ("text", "name"),
    [("alice@example.org", "alice@example.org"), ("Ann Lee", "Ann-Lee"), ("ü", "x"), ("", "x"), ("a" * 80, "a" * 64)],
)
def test_a_session_is_named_as_aws_allows(text, name):
    assert session_name(text, "x") == name
