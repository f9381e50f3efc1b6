"""What each route is sent so that a caller who may do so succeeds: things that exist to name in paths, and bodies."""

from __future__ import annotations

import asyncio
import base64
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.contract import Secret
from server.content import store as content
from server.oauth.integrations import Draft
from server.vault.tokens import Issued
from server.web.routes import PARAMETER, Route
from tests.harness.git import Origin
from tests.harness.signing import Signer
from tests.unit.dashboard.rig import CUSTOM, ROBOT
from tests.unit.server.house import House, Item, archive
from tests.unit.server.instances.rig import until

NOBODY = "046f9a7d-3c00-41db-9ac7-0d153f2edfdd"
MANIFEST = '{"metadata": {"appmode": "python-streamlit", "entrypoint": "app.py"}}'
ENVIRONMENT = {
    "title": "Any",
    "cluster_name": "Kubernetes",
    "matching": "any",
    "python": {"installations": [{"version": "3.11.7", "path": "/usr/bin/python3"}]},
}
# One transparent pixel.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@dataclass
class World:
    """One item of the house and what there is around it, made when first named. `caller` is who asks."""

    house: House
    caller: str
    item: Item
    made: dict[str, Any] = field(default_factory=dict)

    async def admin(self, method: str, path: str, **terms: Any) -> Any:
        """An administrator's call, which succeeds."""
        reply = await self.house.call("administrator", method, path, **terms)
        assert reply.status_code < 300, (path, reply.text)
        return reply.json() if reply.content else None

    async def named(self, what: str) -> Any:
        """The thing that a path's parameter after the segment `what` names."""
        if what not in self.made:
            assert what in MAKERS, f"tell MAKERS of samples.py what is named after {what}/ in a path"
            self.made[what] = await MAKERS[what](self)
        return self.made[what]

    async def path(self, route: Route) -> str:
        """The route's path with parameters that exist."""
        path = route.path
        for parameter in PARAMETER.findall(route.path):
            before = re.search(r"([\w-]+)/\{" + parameter + r"\}", route.path)
            assert before is not None, route.path
            what = OWN.get(f"{route.method} {route.path}", {}).get(parameter) or before[1]
            path = path.replace("{" + parameter + "}", str(await self.named(what)), 1)
        return path

    async def terms(self, route: Route) -> dict[str, Any]:
        """Body, query and header fields of the call."""
        sample = SAMPLES.get(f"{route.method} {route.path}")
        if sample is None:
            return {"json": {}} if route.method in ("POST", "PUT", "PATCH") else {}
        return await sample(self)


def fresh() -> str:
    """A name that nothing has yet."""
    return f"n{uuid.uuid4().hex[:12]}"


async def _item(w: World) -> str:
    return w.item.guid


async def _running(w: World) -> str:
    """The key of a job that runs, by deploying the item."""
    await w.admin("POST", f"/v1/content/{w.item.guid}/deploy", json={"bundle_id": str(w.item.bundle)})
    await until(lambda: bool(w.house.services.pool.find(w.item.guid)))
    return str(w.house.services.pool.find(w.item.guid)[0].key)


async def _task(w: World) -> str:
    async def work(report: Callable[[str], None]) -> None:
        report("Done.")

    found: str = await w.house.services.tasks.start(w.house.people["owner"].guid, w.item.guid, work)
    return found


async def _tag(w: World) -> str:
    root = await w.admin("POST", "/v1/tags", json={"name": fresh()})
    return str((await w.admin("POST", "/v1/tags", json={"name": fresh(), "parent_id": root["id"]}))["id"])


async def _hung_tag(w: World) -> str:
    tag = await w.named("tags")
    await w.admin("POST", f"/v1/content/{w.item.guid}/tags", json={"tag_id": tag})
    return str(tag)


async def _person(w: World) -> str:
    return w.house.person().guid


async def _self(w: World) -> str:
    person = w.house.people.get("owner" if w.caller == "app" else w.caller)
    return NOBODY if person is None else person.guid


async def _key(w: World) -> str:
    name = "owner" if w.caller == "app" else w.caller
    guid = await w.named("self")
    if guid == NOBODY:
        return "1"
    made = await w.house.call(name, "POST", f"/v1/users/{guid}/keys", json={"name": "another"})
    return str(made.json()["id"])


async def _group(w: World) -> str:
    made = await w.house.call("owner", "POST", "/v1/groups", json={"name": fresh()})
    return str(made.json()["guid"])


async def _member(w: World) -> str:
    person, group = w.house.person().guid, await w.named("groups")
    await w.admin("POST", f"/v1/groups/{group}/members", json={"user_guid": person})
    return person


async def _integration(w: World) -> str:
    return await _added(w, CUSTOM)


async def _robot(w: World) -> str:
    made = await _added(w, ROBOT)
    issued = Issued(Secret("token"), "Bearer", 3600, ())

    async def token(*_args: Any, **_terms: Any) -> Issued:
        return issued

    w.house.services.vault.service.service_token = token
    return made


async def _added(w: World, config: dict[str, str]) -> str:
    admin = w.house.caller("administrator")
    row = await w.house.services.integrations.create(admin, Draft("custom", fresh(), "", dict(config)))
    return str(row.guid)


async def _session(w: World) -> str:
    return await w.house.connect("owner", await w.named("integrations"))


async def _image(w: World) -> str:
    return str((await w.admin("POST", "/v1/environments", json=ENVIRONMENT | {"name": fresh()}))["guid"])


async def _image_entry(w: World) -> str:
    image, body = await w.named("environments"), {"user_guid": w.house.person().guid, "group_guid": None}
    return str((await w.admin("POST", f"/v1/environments/{image}/permissions", json=body))["guid"])


async def _tool(w: World) -> str:
    asked = {
        "client_name": "Posit CLI",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
    reply = await w.house.client.post(f"{w.house.services.settings.origin}/oauth/v1/register", json=asked)
    return str(reply.json()["client_id"])


async def _variant(w: World) -> str:
    """The item's variant: it becomes a notebook for that."""
    w.house.services.db.write_now(content.change, w.item.guid, {"app_mode": "jupyter-static"})
    w.house.services.directory.forget(w.item.guid)
    return str(w.item.id)


async def _plan(w: World) -> str:
    made = await w.admin("POST", "/schedules", json=(await _planned(w))["json"])
    return str(made["id"])


async def _planned(w: World) -> dict[str, Any]:
    number = int(await w.named("variants"))
    when = {"start_time": "2026-01-01T09:00:00Z", "timezone": "Europe/Berlin"}
    return {"json": {"app_id": number, "variant_id": number, "type": "day", "schedule": '{"N": 1}', **when}}


async def _notebook(w: World) -> dict[str, Any]:
    await w.named("variants")
    return {"json": {}}


async def _link(w: World) -> str:
    return str((await w.admin("POST", f"/v1/content/{w.item.guid}/share_links", json={}))["guid"])


async def _loan(w: World) -> dict[str, Any]:
    """What the item uses, and of which the caller has a connection to lend."""
    guid, links = await w.named("integrations"), f"/v1/content/{w.item.guid}/share_links"
    for link in await w.admin("GET", links):  # content that acts for its viewers has none
        await w.admin("DELETE", f"{links}/{link['guid']}")
    w.house.services.db.write_now(content.change, w.item.guid, {"app_mode": "python-streamlit"})
    w.house.services.directory.forget(w.item.guid)
    path = f"/v1/content/{w.item.guid}/oauth/integrations/associations"
    await w.admin("PUT", path, json=[{"oauth_integration_guid": guid}])
    await w.house.connect("owner", guid)
    return {"json": {"until": (datetime.now(UTC) + timedelta(days=1)).isoformat()}}


async def _lent(w: World) -> dict[str, Any]:
    path = f"/v1/content/{w.item.guid}/oauth/integrations/{await w.named('integrations')}/loan"
    await w.house.call("owner", "PUT", path, **await _loan(w))
    return {}


async def _minting(w: World) -> str:
    config = {"audiences": "https://warehouse.example.com"}
    made = await w.admin("POST", "/v1/oauth/integrations", json={"template": "external-oauth", "config": config})
    await w.admin("PUT", f"/v1/oauth/integrations/{made['guid']}/role-mapping", json=[{"roles": ["PUBLIC"]}])
    return str(made["guid"])


async def _next_key(w: World) -> str:
    """A key that is published and not in use yet."""
    made = await w.admin("POST", f"/v1/oauth/integrations/{await w.named('minting')}/signing-keys")
    return str(made["kid"])


async def _const(value: str) -> str:
    return value


# The segment before a parameter (or a name of OWN's) to what it names.
MAKERS: dict[str, Callable[[World], Awaitable[Any]]] = {
    "content": _item,
    "applications": lambda w: _const(str(w.item.id)),
    "clients": _tool,
    "bundles": lambda w: _const(str(w.item.bundle)),
    "jobs": lambda w: _const(w.item.job),
    "running": _running,
    "permissions": lambda w: _const(str(w.item.permission)),
    "tasks": _task,
    "tags": _tag,
    "hung": _hung_tag,
    "users": _person,
    "self": _self,
    "keys": _key,
    "groups": _group,
    "members": _member,
    "integrations": _integration,
    "robot": _robot,
    "minting": _minting,
    "signing-keys": _next_key,
    "rotating": lambda w: _added(w, CUSTOM | {"second_client_secret": "CANARY-second"}),
    "sessions": _session,
    "scheduler": lambda _w: _const("python-panel"),
    "templates": lambda _w: _const("custom"),
    "environments": _image,
    "entry": _image_entry,
    "variants": _variant,
    "schedules": _plan,
    "share_links": _link,
}
# Where the segment before a parameter does not say what it names.
OWN: dict[str, dict[str, str]] = {
    "GET /applications/{guid}/variants": {"guid": "content"},
    "DELETE /v1/content/{guid}/jobs/{key}": {"key": "running"},
    "DELETE /v1/content/{guid}/tags/{id}": {"id": "hung"},
    "GET /v1/users/{guid}/keys": {"guid": "self"},
    "POST /v1/users/{guid}/keys": {"guid": "self"},
    "GET /v1/users/{guid}/keys/{id}": {"guid": "self", "id": "keys"},
    "DELETE /v1/users/{guid}/keys/{id}": {"guid": "self", "id": "keys"},
    "POST /v1/oauth/integrations/{guid}/verify": {"guid": "robot"},
    "GET /v1/oauth/integrations/{guid}/issuer": {"guid": "minting"},
    "POST /v1/oauth/integrations/{guid}/signing-keys": {"guid": "minting"},
    "POST /v1/oauth/integrations/{guid}/signing-keys/{kid}/use": {"guid": "minting"},
    "DELETE /v1/oauth/integrations/{guid}/signing-keys/{kid}": {"guid": "minting"},
    "GET /v1/oauth/integrations/{guid}/role-mapping": {"guid": "minting"},
    "PUT /v1/oauth/integrations/{guid}/role-mapping": {"guid": "minting"},
    "GET /v1/oauth/integrations/{guid}/inspect": {"guid": "minting"},
    "POST /v1/oauth/integrations/{guid}/rotate": {"guid": "rotating"},
    "GET /v1/environments/{guid}/permissions/{permission_guid}": {"permission_guid": "entry"},
    "DELETE /v1/environments/{guid}/permissions/{permission_guid}": {"permission_guid": "entry"},
}

Sample = Callable[[World], Awaitable[dict[str, Any]]]


def body(value: Any) -> Sample:
    """A JSON body that is always the same."""

    async def sample(_w: World) -> dict[str, Any]:
        return {"json": value}

    return sample


def named() -> Sample:
    """An object with a new name."""

    async def sample(_w: World) -> dict[str, Any]:
        return {"json": {"name": fresh()}}

    return sample


def naming(member: str, what: str, **rest: Any) -> Sample:
    """An object that names another thing."""

    async def sample(w: World) -> dict[str, Any]:
        return {"json": {member: await MAKERS[what](w), **rest}}

    return sample


async def _bundle(_w: World) -> dict[str, Any]:
    return {"content": archive()}


async def _new_person(_w: World) -> dict[str, Any]:
    return {"json": {"username": fresh(), "password": "a long enough password"}}


async def _new_integration(_w: World) -> dict[str, Any]:
    return {"json": {"template": "custom", "name": fresh(), "config": CUSTOM}}


async def _associated(w: World) -> dict[str, Any]:
    return {"json": [{"oauth_integration_guid": await w.named("integrations")}]}


async def _exchange(w: World) -> dict[str, Any]:
    robot = await w.named("robot")
    path = f"/v1/content/{w.item.guid}/oauth/integrations/associations"
    await w.admin("PUT", path, json=[{"oauth_integration_guid": robot}])
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:posit:connect:content-session-token",
        "subject_token": w.house.services.handles.content(w.item.guid, w.item.job),
    }
    return {"data": form}


async def _entry(w: World) -> dict[str, Any]:
    viewer = w.house.people["viewer"].guid
    return {"json": {"principal_guid": viewer, "principal_type": "user", "role": "viewer"}}


async def _signer(_w: World) -> dict[str, Any]:
    return {"json": Signer().registration()}


async def _vanity(_w: World) -> dict[str, Any]:
    return {"json": {"path": f"/{fresh()}/"}}


async def _picture(_w: World) -> dict[str, Any]:
    return {"content": PICTURE, "headers": {"Content-Type": "image/png"}}


async def _new_image(_w: World) -> dict[str, Any]:
    return {"json": ENVIRONMENT | {"name": fresh()}}


async def _no_cache(_w: World) -> dict[str, Any]:
    return {"json": {"language": "Python", "version": "3.11.7", "image_name": "Local", "dry_run": True}}


def with_repository(**rest: Any) -> Sample:
    """The item comes from a repository that can be fetched; `rest` is the body."""

    async def sample(w: World) -> dict[str, Any]:
        place = w.house.services.data_dir / f"origin-{fresh()}"
        origin = await asyncio.to_thread(Origin, place)
        await asyncio.to_thread(origin.commit, {"manifest.json": MANIFEST})
        await w.admin("PUT", f"/v1/content/{w.item.guid}/repository", json={"repository": origin.url})
        return {"json": rest} if rest else {}

    return sample


async def _bookmarked(w: World) -> dict[str, Any]:
    await w.house.call(w.caller, "POST", f"/v1/content/{w.item.guid}/bookmark", w.item)
    return {}


def having(path: str, sample: Sample) -> Sample:
    """Nothing is sent, but what is asked for is there: it was put there before."""

    async def prepared(w: World) -> dict[str, Any]:
        await w.admin("PUT", path.replace("{guid}", w.item.guid), **await sample(w))
        return {}

    return prepared


async def _ahead(w: World) -> dict[str, Any]:
    return {"json": {"user_guid": w.house.person().guid, "integration_guid": await w.named("integrations")}}


async def _own_at(w: World) -> dict[str, Any]:
    return {"params": {"integration": await w.named("integrations")}}


VANITY, THUMBNAIL = "/v1/content/{guid}/vanity", "/v1/content/{guid}/thumbnail"
SAMPLES: dict[str, Sample] = {
    "GET /v1/content/{guid}/repository": with_repository(),
    "PUT /v1/content/{guid}/repository": body({"repository": "https://git.example.org/a"}),
    "PATCH /v1/content/{guid}/repository": with_repository(branch="other"),
    "DELETE /v1/content/{guid}/repository": with_repository(),
    "POST /v1/content/{guid}/repository/bundle": with_repository(ref="main"),
    "GET /v1/content/{guid}/bookmark": _bookmarked,
    f"GET {VANITY}": having(VANITY, _vanity),
    f"DELETE {VANITY}": having(VANITY, _vanity),
    f"GET {THUMBNAIL}": having(THUMBNAIL, _picture),
    f"DELETE {THUMBNAIL}": having(THUMBNAIL, _picture),
    "POST /tokens": _signer,
    "POST /v1/content": named(),
    "POST /v1/content/{guid}/render": _notebook,
    "POST /schedules": _planned,
    "POST /schedules/{id}": body({"email": False}),
    "POST /v1/content/{guid}/bundles": _bundle,
    "PATCH /v1/content/{guid}/environment": body([{"name": "A", "value": "1"}]),
    "PUT /v1/content/{guid}/environment": body([{"name": "A", "value": "1"}]),
    "POST /v1/content/{guid}/permissions": naming("principal_guid", "users", principal_type="user", role="viewer"),
    "PUT /v1/content/{guid}/permissions/{id}": _entry,
    "PUT /v1/content/{guid}/oauth/integrations/associations": _associated,
    "POST /v1/content/{guid}/tags": naming("tag_id", "tags"),
    "PUT /v1/content/{guid}/oauth/integrations/{integration_guid}/loan": _loan,
    "DELETE /v1/content/{guid}/oauth/integrations/{integration_guid}/loan": _lent,
    "PUT /v1/content/{guid}/vanity": _vanity,
    "PUT /v1/content/{guid}/thumbnail": _picture,
    "POST /v1/users": _new_person,
    "PUT /v1/users/{guid}": body({"first_name": "Ann"}),
    "POST /v1/users/{guid}/lock": body({"locked": True}),
    "POST /v1/users/{guid}/keys": named(),
    "POST /v1/groups": named(),
    "PATCH /v1/groups/{guid}": named(),
    "POST /v1/groups/{guid}/members": naming("user_guid", "users"),
    "POST /v1/tags": named(),
    "PATCH /v1/tags/{id}": named(),
    "POST /v1/oauth/integrations": _new_integration,
    "PATCH /v1/oauth/integrations/{guid}": body({"description": "Rows"}),
    "POST /v1/oauth/integrations/credentials": _exchange,
    "POST /v1/oauth/authorizations": _ahead,
    "DELETE /v1/oauth/authorizations": _own_at,
    "PUT /v1/oauth/integrations/{guid}/role-mapping": body([{"roles": ["PUBLIC"]}]),
    "POST /v1/environments": _new_image,
    "PUT /v1/environments/{guid}": body({"title": "Other"}),
    "POST /v1/environments/{guid}/permissions": naming("user_guid", "users", group_guid=None),
    "DELETE /v1/system/caches/runtime": _no_cache,
}
