"""The trail's queries on an empty trail, and the names of those who acted."""

from sqlalchemy import event
from sqlmodel import Session

from server.accounts import store as accounts
from server.audit import store
from server.db.models import AuditEvent
from server.web.cursors import Keyset
from tests.unit.server.vault.house import House


async def test_an_empty_trail_and_one_by_somebody(house: House):
    keyset = Keyset(10, ascending=True)
    assert await house.db.read(store.actions) == []
    assert await house.db.read(store.events, keyset) == []
    ann = await house.db.write(lambda s: accounts.add_user(s, username="ann", first_name="Ann", last_name="Lee"))
    await house.db.write(lambda s: s.add(AuditEvent(action="do", actor_guid=ann.guid, actor="ann")))
    ((event, number, name),) = await house.db.read(store.events, keyset)
    assert (event.action, number, name) == ("do", ann.id, "Ann Lee")


async def test_what_is_about_somebody_or_something_newest_first(house: House):
    for number, facts in enumerate(
        [{"user": "ann", "content": "c"}, {"user": "bob", "content": "c"}, {"user": "ann", "connection": "x"}]
    ):
        await house.trail.append(None, f"act_{number}", **facts)
    keyset = Keyset(10, ascending=False)

    async def found(**wanted: object) -> list[str]:
        return [event.action for event, _, _ in await house.db.read(lambda s: store.about(s, keyset, **wanted))]

    assert await found(subject="ann") == ["act_2", "act_0"]
    assert await found(content="c") == ["act_1", "act_0"]
    assert await found(connection="x") == ["act_2"]
    assert await found(content="c", subject="ann") == ["act_0"]
    assert await found(action=["act_0", "act_1"]) == ["act_1", "act_0"]
    assert await found(action="act_1", integration="i") == []
    assert len(await found()) == 3


async def test_each_list_is_read_from_an_index(house: House):
    keyset = Keyset(10, ascending=False)

    def plan(session: Session, name: str) -> str:
        asked: list[tuple[str, object]] = []

        def listen(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
            asked.append((statement, values))

        event.listen(session.get_bind(), "before_cursor_execute", listen)
        store.about(session, keyset, **{name: "x"})
        event.remove(session.get_bind(), "before_cursor_execute", listen)
        statement, values = asked[-1]
        found = session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values)
        return " ".join(row[3] for row in found)

    for name in ("subject", "connection", "integration", "content", "action"):
        told = await house.db.read(plan, name)
        assert f"USING INDEX ix_audit_events_{name}_time_id" in told
        assert "B-TREE" not in told


async def test_lines_for_a_page_have_the_names_of_whom_they_concern(house: House):
    alice = await house.person("alice")
    integration = await house.integration(alice)
    guid = await house.connected(alice, integration)
    keyset = Keyset(9, ascending=False)
    (row,) = await house.db.read(lambda s: store.lines(s, store.about(s, keyset, subject=alice.guid)))
    assert row.text == f"Alice connected {integration.name}"
    assert row.event.connection == guid
