"""Owns the protected data API, which proves to an app whose token it sent."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.bearer import BearerError, bearer_token
from integrations.sandbox.rows import as_json, rows_of, totals
from integrations.sandbox.state import State


class DataApi:
    """`/api/whoami` and `/api/rows`."""

    def __init__(self, state: State) -> None:
        """Answer from `state`."""
        self._state = state

    def routes(self) -> list[Route]:
        """Return where each resource lives."""
        return [Route("/api/whoami", self.whoami), Route("/api/rows", self.rows)]

    async def whoami(self, request: Request) -> Response:
        """Return whose token it is and for how many more seconds; 401 without a live one."""
        try:
            token = bearer_token(request, self._state)
        except BearerError as error:
            return error.response()
        family = token.family
        user = self._state.users.get(family.sub)
        client = self._state.clients.get(family.client_id)
        body = {
            "sub": family.sub or family.client_id,
            "name": user.name if user else (client.settings.name if client else family.client_id),
            "email": user.email if user else None,
            "client_id": family.client_id,
            "kind": "user" if family.sub else "service",
            "scope": token.get_scope(),
            "expires_in": token.get_expires_in(),
        }
        if family.role:
            body["role"] = family.role
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    async def rows(self, request: Request) -> Response:
        """Return the sales the token's owner may read; needs the scope `sales.read`."""
        try:
            token = bearer_token(request, self._state, scope="sales.read")
        except BearerError as error:
            return error.response()
        sub = token.family.sub
        found = rows_of(sub) if sub else totals([user.sub for user in self._state.users.all()])
        body = {"sub": sub or token.family.client_id, "currency": "EUR", "rows": as_json(found)}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})
