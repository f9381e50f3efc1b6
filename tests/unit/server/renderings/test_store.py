"""Renderings by version and by item."""

from server.db.models import Rendering
from server.renderings import store
from tests.unit.server.instances.rig import Rig


def add(rig: Rig, bundle: int, folder: str) -> list[str] | None:
    row = Rendering(content_id=rig.view.id, bundle_id=bundle, job_key="j", folder=folder, primary="index.html")
    return rig.db.write_now(store.add, row)


async def test_the_newest_is_shown_and_the_others_are_remembered(rig: Rig, monkeypatch):
    first, second = rig.bundle("a.qmd", "quarto-static"), rig.bundle("b.qmd", "quarto-static")
    assert [add(rig, first, "1"), add(rig, second, "2"), add(rig, first, "3")] == [[], [], ["1"]]
    shown = rig.db.read_now(store.newest, first)
    assert shown is not None
    assert shown.folder == "3"
    assert rig.db.read_now(store.newest, 4242) is None
    assert add(rig, 4242, "4") is None
    assert [row.folder for row in rig.db.read_now(store.of_content, rig.view.id)] == ["3", "2", "1"]
    assert rig.db.read_now(store.folders) == {"1", "2", "3"}
    monkeypatch.setattr(store, "KEPT", 2)
    add(rig, second, "5")
    assert [row.folder for row in rig.db.read_now(store.of_content, rig.view.id)] == ["5", "3"]
