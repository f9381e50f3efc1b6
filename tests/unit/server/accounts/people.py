"""The API of people and keys over a database, with an administrator, a publisher and a viewer."""

import json
from typing import Any

from server.accounts import store
from server.accounts.api import PeopleApi
from server.accounts.keys_api import KeysApi
from server.accounts.own_keys import OwnKeys
from server.accounts.passwords import Passwords
from server.audit.trail import Trail
from server.db.engine import Database
from server.sessions.identify import Sessions
from server.web.caller import Caller
from server.web.errors import ApiError
from tests.unit.server.web.asking import asking

USER, KEYS, KEY = "/v1/users/{guid}", "/v1/users/{guid}/keys", "/v1/users/{guid}/keys/{id}"


class People:
    """The API with an administrator, a publisher and a viewer."""

    def __init__(self, db: Database) -> None:
        self.db, self.trail = db, Trail(db, gather=0.01)
        self.sessions = Sessions(db, secure=False, idle=3600, absolute=7200)
        self.passwords = Passwords(memory_kib=64, passes=1)
        self.ended: list[str] = []
        self.sessions.when_ended(self.ended.append)
        self.routes = PeopleApi(db, self.trail, self.passwords, self.sessions, "publisher").routes().routes
        self.routes += KeysApi(OwnKeys(db, self.sessions, self.trail)).routes().routes
        self.callers = {role: self.add(role) for role in ("administrator", "publisher", "viewer")}

    def add(self, role: str, via: str = "key") -> Caller:
        user = self.db.write_now(lambda s: store.add_user(s, username=f"a-{role}", role=role))
        return Caller(user.id or 0, user.guid, user.username, user.username, role=role, via=via, credential="key:0")  # type: ignore[arg-type]

    async def call(
        self, who: Caller, method: str, path: str, body: Any = None, query: str = "", **params: str
    ) -> tuple[int, Any]:
        (route,) = [r for r in self.routes if (r.method, r.path) == (method, path)]
        raw = b"" if body is None else json.dumps(body).encode()
        request = asking(method, f"/?{query}", caller=who, body=raw, content_type="application/json")
        request.scope["path_params"] = params
        try:
            route.admit(who)
            reply = await route.endpoint(request, who)
        except ApiError as error:
            return error.status, error.code
        return reply.status_code, json.loads(bytes(reply.body) or b"null")

    def role_of(self, who: Caller) -> str:
        return self.db.read_now(store.by_guid, who.guid).role
