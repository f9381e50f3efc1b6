"""Tags hung on content with their events, and the tree as people choose from it."""

from pathlib import Path

from sqlmodel import select

from server.audit.trail import Trail
from server.db.engine import Database
from server.db.models import AuditEvent, Tag
from server.tags import store
from server.tags.carrying import Carrying, placed
from tests.unit.server.instances.rig import Rig
from tests.unit.server.standing import caller_of


async def test_hung_and_taken_off_with_an_event_each(db: Database, tmp_path: Path):
    rig, trail = Rig(db, tmp_path), Trail(db, gather=0.01)
    carrying, actor = Carrying(db, trail), caller_of(rig.owner)
    category = db.write_now(store.add, "Team", None)
    tag = db.write_now(store.add, "Sales", category.id)
    assert [t.name for t in await carrying.put_on(actor, rig.view, tag.id or 0)] == ["Sales"]
    assert await carrying.take_off(actor, rig.view, category.id or 0) == []
    await trail.aclose()
    assert db.read_now(lambda s: s.exec(select(AuditEvent.action).order_by(AuditEvent.id)).all()) == [  # type: ignore[arg-type]
        "add_content_tag",
        "remove_content_tag",
    ]


def test_what_can_be_chosen_comes_in_the_order_of_the_tree():
    rows = [("Team", None), ("sales", 1), ("North", 2), ("Art", 1), ("Alone", None), ("Lost", 99)]
    tags = [Tag(id=number, name=name, parent_id=parent) for number, (name, parent) in enumerate(rows, 1)]
    assert [(one.number, one.name, one.above) for one in placed(tags)] == [
        (4, "Art", ("Team",)), (2, "sales", ("Team",)), (3, "North", ("Team", "sales")),
    ]  # fmt: skip
    circle = [Tag(id=1, name="a", parent_id=2), Tag(id=2, name="b", parent_id=1)]
    assert {one.number for one in placed(circle)} == {1, 2}
