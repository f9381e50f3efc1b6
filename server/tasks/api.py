"""GET /v1/tasks/{id}: the state and output of long work, with long polling (connect-api.md 2.5)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.tasks.tasks import Tasks
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.routes import Routes, json_reply, whole

NO_SUCH_TASK = 141


def task_routes(tasks: Tasks) -> Routes:
    """The declared route over `tasks`. A task is seen by who started it and by administrators."""
    routes = Routes()

    @routes.get("/v1/tasks/{id}")
    async def one(request: Request, caller: Caller) -> Response:
        first = whole(request, "first", 0)
        found = await tasks.poll(request.path_params["id"], first, whole(request, "wait", 0, high=60))
        if found is None or not (found[0].user_guid == caller.guid or caller.has("administrator")):
            raise ApiError(404, NO_SUCH_TASK, "The requested task does not exist.")
        row, lines, last = found
        return json_reply(
            {
                "id": row.id,
                "output": lines,
                "result": row.result,
                "finished": row.finished,
                "code": row.code,
                "error": row.error,
                "last": last,
            }
        )

    return routes
