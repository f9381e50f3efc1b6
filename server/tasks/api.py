"""GET /v1/tasks/{id}: the state and output of long work, with long polling (connect-api.md 2.5)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.tasks.tasks import Tasks
from server.tasks.wire import TaskObject, TaskPath, TaskQuery, task_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import ApiError
from server.web.routes import Routes, json_reply, whole

NO_SUCH_TASK = 141


def task_routes(tasks: Tasks) -> Routes:
    """The declared route over `tasks`. A task is seen by who started it and by administrators."""
    routes = Routes()

    @routes.get("/v1/tasks/{id}", says=Says(reply=TaskObject, query=TaskQuery, path=TaskPath, fails=(404,)))
    async def one(request: Request, caller: Caller) -> Response:
        """How long work goes; waits up to `wait` seconds for news after line `first`."""
        first = whole(request, "first", 0)
        found = await tasks.poll(request.path_params["id"], first, whole(request, "wait", 0, high=60))
        if found is None or not (found[0].user_guid == caller.guid or caller.has("administrator")):
            raise ApiError(404, NO_SUCH_TASK, "The requested task does not exist.")
        return json_reply(task_object(*found))

    return routes
