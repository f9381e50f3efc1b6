"""Which environments running instances hold."""

from server.accounts import store as accounts
from server.caches.store import in_use
from server.content import store as content
from server.db.engine import Database
from server.db.models import Bundle, Instance
from server.instances import store as instances


def test_those_of_what_has_not_ended(db: Database):
    owner = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
    item = db.write_now(content.add, owner.id, {"name": "app"})
    for number, key in ((1, "a"), (2, "b"), (3, None)):
        db.write_now(lambda s, n=number, k=key: s.add(Bundle(id=n, content_id=item.id, environment_key=k)))
        row = Instance(key=f"k{number}", content_id=item.id, bundle_id=number)
        db.write_now(instances.begin, row)
    assert db.read_now(in_use) == {"a", "b"}
    db.write_now(instances.ended, "k1", 0, None)
    assert db.read_now(in_use) == {"b"}
