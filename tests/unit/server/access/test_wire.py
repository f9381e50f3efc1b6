"""One entry on the wire."""

from server.access.wire import permission_object
from server.db.models import Permission


def test_an_entry_of_a_group():
    row = Permission(id=7, content_id=1, principal_guid="g", principal_type="group", role="owner")
    assert permission_object(row, "c") == {
        "id": "7", "content_guid": "c", "principal_guid": "g", "principal_type": "group", "role": "owner",
    }  # fmt: skip
