"""The trail's queries on an empty trail, and the names of those who acted."""

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
