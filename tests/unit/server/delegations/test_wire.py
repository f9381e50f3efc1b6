"""A row on the wire, before and after it was ended."""

from datetime import UTC, datetime

from server.delegations.delegations import Revoked
from server.delegations.store import Authorization
from server.delegations.wire import authorization_object, revoked_object

ROW = Authorization(
    "g",
    "connection",
    datetime(2026, 1, 2, tzinfo=UTC),
    "u",
    "jane",
    "PUBLIC",
    "i",
    "MYINT",
    "snowflake",
    "connected",
    "",
)


def test_rows() -> None:
    shown = authorization_object(ROW)
    assert (shown["created_on"], shown["user_name"], shown["role"]) == ("2026-01-02T00:00:00Z", "jane", "PUBLIC")
    assert (shown["integration_name"], shown["status"]) == ("MYINT", "connected")
    ended = revoked_object(Revoked(ROW, "no_endpoint"))
    assert (ended["status"], ended["vendor"]) == ("revoked", "no_endpoint")
    assert ended["message"].startswith("This vendor offers no way")
