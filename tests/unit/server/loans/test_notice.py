"""The page that says with whose access content acts: once for each loan, and never to the lender."""

import re
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from starlette.responses import Response

from server.content.view import ContentView
from server.keys.keyring import Keyring
from server.loans.notice import Notices
from server.web.caller import Caller
from server.web.csrf import Csrf
from server.web.errors import ApiError
from server.web.screens import Screens
from tests.unit.server.loans.test_wire import LOAN
from tests.unit.server.web.asking import asking

ORIGIN = "http://localhost:3939"
GUID = "046f9a7d-3c00-41db-9ac7-0d153f2edfdd"
LENT = replace(LOAN, guid=GUID)
ALICE = Caller(5, "alice", "alice", "Alice", role="viewer", via="session", credential="session:a")
VIEW = ContentView(
    id=1, guid=GUID, name="n", title="Sales", owner_id=2, owner_guid="u", owner_name="Maria", access_type="acl",
    app_mode="python-panel", bundle_id=1, locked=False, locked_message="", people=MappingProxyType({}),
)  # fmt: skip


@pytest.fixture
def notices() -> Notices:
    csrf = Csrf(Keyring(b"k" * 32), (ORIGIN,))
    return Notices(Screens(csrf, ORIGIN, https=False), csrf, secure=False)


def button(notices: Notices) -> dict[str, str]:
    page = notices.page(asking("GET", "/", caller=ALICE), ALICE, VIEW, [LENT], f"/content/{GUID}/x?y=1")
    text = bytes(page.body).decode()
    assert "With Maria" in text
    assert "ANALYST" in text
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', text.partition("/__lent__/")[2]))


async def press(notices: Notices, fields: dict[str, str], caller: Caller = ALICE, **headers: str) -> Response:
    body = "&".join(f"{name}={value.replace('/', '%2F')}" for name, value in fields.items()).encode()
    headers = {"content_type": "application/x-www-form-urlencoded", "origin": ORIGIN} | headers
    request = asking("POST", f"/__lent__/{GUID}", caller=caller, body=body, **headers)
    request.scope["path_params"] = {"guid": GUID}
    return await notices.seen(request)


async def test_seen_once(notices: Notices):
    assert notices.is_due(ALICE, [LENT], ())
    reply = await press(notices, button(notices))
    assert (reply.status_code, reply.headers["location"]) == (303, f"/content/{GUID}/x?y=1")
    cookie = reply.headers["set-cookie"].partition(";")[0].encode()
    assert f"Path=/content/{GUID}/" in reply.headers["set-cookie"]
    assert not notices.is_due(ALICE, [LENT], [(b"cookie", cookie)])
    assert notices.is_due(ALICE, [LENT, replace(LENT, guid=GUID[::-1])], [(b"cookie", cookie)])


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({b"sec-fetch-dest": b"iframe", b"sec-fetch-site": b"same-origin"}, False),
        ({b"sec-fetch-dest": b"iframe", b"sec-fetch-site": b"cross-site"}, True),
        ({b"sec-fetch-dest": b"document", b"sec-fetch-site": b"same-origin"}, True),
    ],
)
def test_the_stage_says_it_itself(notices: Notices, fields: dict[bytes, bytes], due: bool):
    assert notices.is_due(ALICE, [LENT], fields.items()) is due


def test_the_lender_knows(notices: Notices):
    assert not notices.is_due(replace(ALICE, guid="u"), [LENT], ())
    assert not notices.is_due(ALICE, [], ())


@pytest.mark.parametrize("spoil", ["csrf", "foreign", "nobody"])
async def test_only_its_own_button_is_taken(notices: Notices, spoil: str):
    fields = button(notices)
    changes: dict[str, Any] = {}
    if spoil == "csrf":
        fields["csrf"] = "x"
    elif spoil == "foreign":
        changes = {"origin": "https://evil.example"}
    else:
        changes = {"caller": Caller()}
    with pytest.raises(ApiError):
        await press(notices, fields, **changes)


async def test_it_leads_nowhere_else(notices: Notices):
    fields = button(notices) | {"next": "//evil.example", "loans": "x;y." + GUID}
    reply = await press(notices, fields)
    assert reply.headers["location"] == f"/content/{GUID}/"
    assert reply.headers["set-cookie"].startswith(f"tabard_lent={GUID};")
    assert [route.path for route in notices.routes()] == ["/__lent__/{guid}"]
