"""Running processes by pid, with CPU since the last look; what is gone is left out."""

from datetime import timedelta

from runners.measuring import Measured
from server.db.clock import now
from server.db.models import Instance
from server.usage.procs import Processes
from tests.unit.server.vault.house import House


async def test_what_runs_is_measured(world: House):
    app = await world.content(await world.person("ann"))
    view = await world.directory.by_guid(app.guid)
    assert view is not None
    began = now() - timedelta(seconds=100)
    rows = [
        Instance(key=f"k{n}", content_id=view.id, pid=n, start_ticks=1, start_time=began, end_time=end, tag="run_x")
        for n, end in ((11, None), (12, None), (13, began))
    ]
    await world.db.write(lambda session: session.add_all(rows))

    def measure(pid: int, _ticks: int) -> Measured | None:
        return Measured(50.0, 4096) if pid == 11 else None

    processes = Processes(world.db, "http://here", measure=measure)
    first = await processes.measured()
    assert set(first) == {"11"}
    assert 49 < first["11"]["cpuCurrent"] <= 50
    assert {**first["11"], "cpuCurrent": 0.0} == {
        "appId": view.id,
        "appGuid": app.guid,
        "appName": view.name,
        "appUrl": f"http://here/content/{app.guid}/",
        "appRunAs": "",
        "type": "run_x",
        "cpuCurrent": 0.0,
        "cpuTotal": 50,
        "ram": 4096,
    }
    assert (await processes.measured())["11"]["cpuCurrent"] == 0.0
