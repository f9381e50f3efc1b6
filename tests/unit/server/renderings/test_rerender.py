"""Rendering again is a task whose output says what happened."""

from typing import Any

from server.audit.trail import Trail
from server.content import store as content
from server.renderings.rerender import Rerender
from server.tasks.tasks import Tasks
from server.web.caller import Caller
from tests.unit.server.instances.rig import Rig


async def test_what_is_served_is_rendered_again(rig: Rig):
    tasks, trail = Tasks(rig.db), Trail(rig.db, gather=0.01)
    number = rig.site({"page": "one"}, "quarto-static")
    rig.db.write_now(content.change, rig.guid, {"bundle_id": number, "app_mode": "quarto-static"})
    caller = Caller(user_id=rig.owner.id or 0, guid=rig.owner.guid, role="publisher", via="key")
    rerender = Rerender(rig.db, tasks, rig.preparer, rig.documents, trail)  # type: ignore[arg-type]
    task_id = await rerender.begin(caller, rig.view)
    found: Any = None
    while found is None or not found[0].finished:
        found = await tasks.poll(task_id, 0, 5.0)
    row, lines, _last = found
    assert (row.code, row.user_guid, row.content_guid) == (0, rig.owner.guid, rig.guid)
    assert lines[0] == "Prepared."
    assert lines[-2:] == ["Rendering one.", f"Version {number} is rendered; the new pages are shown."]
    await trail.aclose()
