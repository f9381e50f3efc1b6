"""The rows of integrations and associations: sets are replaced whole, and what stays keeps its age."""

import pytest

from server.oauth import store
from server.web.errors import ApiError
from tests.unit.server.vault.house import House


async def test_a_set_is_replaced_and_what_stays_keeps_its_age(house: House):
    admin = await house.person("admin", "administrator")
    one, two, three = [await house.integration(admin) for _ in range(3)]
    app, other = await house.content(admin), await house.content(admin)
    view = await house.directory.by_guid(app.guid)
    assert view is not None

    def put(*rows) -> dict[str, object]:
        house.db.write_now(store.replace_associations, view.id, [row.id for row in rows])
        return {a.guid: a.created_time for a in house.db.read_now(store.associations, app.guid)}

    first = put(two, one)
    assert list(first) == [one.guid, two.guid]
    second = put(three, two)
    assert list(second) == [two.guid, three.guid]
    assert second[two.guid] == first[two.guid]
    assert house.db.read_now(store.associations, other.guid) == ()
    assert house.db.read_now(store.counts) == {two.id: 1, three.id: 1}
    assert [u.content_guid for u in house.db.read_now(store.usages, two.id)] == [app.guid]
    assert house.db.read_now(store.usages, one.id) == []
    assert put() == {}


async def test_found_and_not_found(house: House):
    admin = await house.person("admin", "administrator")
    rows = [await house.integration(admin) for _ in range(2)]
    assert [r.guid for r in house.db.read_now(store.everything)] == [r.guid for r in rows]
    assert house.db.read_now(store.by_guid, rows[1].guid).id == rows[1].id
    assert house.db.read_now(store.by_id, 4242) is None
    with pytest.raises(ApiError) as caught:
        house.db.read_now(store.by_guid, "x")
    assert (caught.value.status, caught.value.code) == (404, 4)
    assert house.db.read_now(store.unknown_users, [admin.guid, "x"]) == {"x"}
    assert house.db.read_now(store.unknown_users, []) == set()
