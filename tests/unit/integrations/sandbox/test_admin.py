"""The admin API: guarded, changing clients at run time, and taking tokens back."""

import httpx
import pytest

from integrations.sandbox.app import create_app
from integrations.sandbox.settings import SandboxSettings

ADMIN = {"Authorization": "Bearer admin-secret"}
PATHS = [
    ("GET", "/admin/clients"),
    ("PUT", "/admin/clients/x"),
    ("GET", "/admin/log"),
    ("POST", "/admin/log/clear"),
    ("POST", "/admin/revoke"),
    ("GET", "/admin/audit"),
    ("PUT", "/admin/users/alice"),
    ("PUT", "/admin/discovery"),
    ("PUT", "/admin/delegated"),
    ("GET", "/admin/delegated"),
    ("DELETE", "/admin/delegated"),
    ("PUT", "/admin/warehouse/x"),
    ("PUT", "/admin/warehouse/x/any-role"),
    ("PUT", "/admin/sts"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Key admin-secret"}])
async def test_everything_asks_for_the_admin_token(person, method, path, headers):
    assert (await person.request(method, path, headers=headers)).status_code == 401


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_without_a_token_there_is_no_admin_api(method, path):
    app = create_app(SandboxSettings(issuer="http://localhost:1"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:1") as client:
        answer = await client.request(method, path, headers={"Authorization": "Bearer "})
        assert answer.status_code == 404


async def test_clients_are_shown_without_their_secrets(person):
    answer = await person.get("/admin/clients", headers=ADMIN)
    assert {client["client_id"] for client in answer.json()} == {
        "tabard-viewer",
        "tabard-service",
        "tabard-external",
        "public-app",
    }
    assert "sandbox-viewer-secret" not in answer.text


async def test_a_client_can_be_added_and_changed(person):
    assert (await person.configure("new", secret="s", grant_types=["client_credentials"])).status_code == 201
    answer = await person.configure("new", access_lifetime=5)
    assert (answer.status_code, answer.json()["access_lifetime"]) == (200, 5)
    got = await person.post("/token", data={"grant_type": "client_credentials"}, auth=("new", "s"))
    assert got.json()["expires_in"] == 5


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"client_id": "other"}', b'{"access_lifetime": "long"}', b'{"surprise": 1}']
)
async def test_a_change_that_cannot_be_is_refused_whole(person, body):
    before = (await person.get("/admin/clients", headers=ADMIN)).json()
    answer = await person.put("/admin/clients/tabard-viewer", content=body, headers=ADMIN)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert (await person.get("/admin/clients", headers=ADMIN)).json() == before


async def test_clearing_the_log(person):
    await person.tokens()
    assert (await person.post("/admin/log/clear", headers=ADMIN)).status_code == 204
    assert (await person.log())["requests"] == []


async def test_taking_back_one_persons_tokens(person):
    alice, bob = await person.tokens("alice"), await person.tokens("bob")
    answer = await person.post("/admin/revoke", json={"sub": "alice"}, headers=ADMIN)
    assert answer.json() == {"revoked": 1}
    assert (await person.whoami(alice["access_token"])).status_code == 401
    assert (await person.whoami(bob["access_token"])).status_code == 200
    assert (await person.post("/admin/revoke", json={}, headers=ADMIN)).status_code == 400


async def test_a_vendors_clients_are_its_own(person):
    shown = (await person.get("/admin/clients", params={"vendor": "github"}, headers=ADMIN)).json()
    assert {client["client_id"] for client in shown} == {
        "tabard-github", "tabard-github-public", "tabard-github-classic",
    }  # fmt: skip
    assert (await person.configure("tabard-github", access_lifetime=60)).json()["access_lifetime"] == 60
    made = await person.configure("mine", vendor="okta", redirect_uris=["http://localhost/"])
    assert made.status_code == 201
    assert "mine" in (await person.get("/admin/clients", params={"vendor": "okta"}, headers=ADMIN)).text
    assert (await person.configure("mine", vendor="auth0")).status_code == 400
    assert (await person.configure("theirs", vendor="oracle", redirect_uris=["http://localhost/"])).status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/admin/users/nobody", {"roles": []}),
        ("/admin/users/alice", {"sub": "x"}),
        ("/admin/users/alice", {"roles": "ANALYST"}),
        ("/admin/discovery", {"vendor": "okta"}),
        ("/admin/delegated", {"sub": "alice"}),
        ("/admin/delegated", {"sub": "alice", "client_id": "c"}),
        ("/admin/warehouse/w", {"external_oauth_issuer": "x"}),
        ("/admin/warehouse/w/any-role", {"roles": ["A"]}),
        ("/admin/warehouse/w/any-role", {}),
        ("/admin/sts", {"trust": True}),
    ],
)
async def test_settings_that_cannot_be(person, path, body):
    answer = await person.put(path, json=body, headers=ADMIN)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_a_discovery_document_can_change(person):
    body = {"vendor": "keycloak", "members": {"issuer": "https://elsewhere.example.com"}}
    assert (await person.put("/admin/discovery", json=body, headers=ADMIN)).status_code == 204
    where = "/v/keycloak/realms/main/.well-known/openid-configuration"
    assert (await person.get(where)).json()["issuer"] == "https://elsewhere.example.com"


async def test_the_audit_counts_what_a_careful_client_never_does(person):
    await person.configure(reuse_detection=True)
    first = await person.tokens()
    second = (await person.refresh(first["refresh_token"])).json()
    await person.configure(fail_next=["lost_answer"])
    await person.refresh(second["refresh_token"])
    audit = (await person.get("/admin/audit", headers=ADMIN)).json()
    assert audit == {"refreshes": 2, "reused": 0, "families_revoked": 0}
    await person.refresh(first["refresh_token"])
    audit = (await person.get("/admin/audit", headers=ADMIN)).json()
    assert audit == {"refreshes": 3, "reused": 1, "families_revoked": 1}
