"""A connection's tokens open only in the row, for the person and at the provider they were sealed for."""

from typing import Any

import pytest

from integrations.contract import Secret
from server.db.models import Connection
from server.keys.keyring import Keyring, SealBroken
from server.vault.seals import Seals

SEALS = Seals(Keyring(b"k" * 32))


def sealed(refresh: Secret | None = None) -> Connection:
    row = Connection(guid="g", user_id=1, integration_id=2, fingerprint="f")
    SEALS.put(row, access=Secret("CANARY-access"), refresh=refresh)
    return row


def test_put_and_opened():
    row = sealed(Secret("CANARY-refresh"))
    access, refresh = SEALS.access(row), SEALS.refresh(row)
    assert access is not None
    assert refresh is not None
    assert (access.reveal(), refresh.reveal()) == ("CANARY-access", "CANARY-refresh")
    assert b"CANARY" not in (row.sealed_access or b"") + (row.sealed_refresh or b"")
    assert sealed().sealed_refresh is None
    assert SEALS.refresh(sealed()) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("guid", "h"), ("user_id", 2), ("integration_id", 3), ("fingerprint", "e"),
     ("version", 2), ("role_key", "ANALYST"), ("seal_form", 1)],
)  # fmt: skip
def test_a_row_made_somebody_elses_does_not_open(field: str, value: Any):
    row = sealed(Secret("r"))
    setattr(row, field, value)
    for act in (SEALS.access, SEALS.refresh):
        with pytest.raises(SealBroken):
            act(row)


def test_one_column_is_not_the_other():
    row = sealed(Secret("r"))
    row.sealed_access, row.sealed_refresh = row.sealed_refresh, row.sealed_access
    with pytest.raises(SealBroken):
        SEALS.access(row)
    with pytest.raises(SealBroken):
        Seals(Keyring(b"x" * 32)).access(sealed())


def test_an_older_value_put_back_does_not_open():
    row = sealed(Secret("first"))
    older = row.sealed_refresh
    row.version += 1
    SEALS.put(row, access=Secret("a"), refresh=Secret("second"))
    row.sealed_refresh = older
    with pytest.raises(SealBroken):
        SEALS.refresh(row)


def test_rows_from_before_versions_counted_open_until_their_next_write():
    row = Connection(guid="g", user_id=1, integration_id=2, fingerprint="f", seal_form=1, version=7)
    row.sealed_access = Keyring(b"k" * 32).seal("old", purpose="connection", bound_to="connections|g|1|2|f|access")
    opened = SEALS.access(row)
    assert opened is not None
    assert opened.reveal() == "old"
    old = row.sealed_access
    SEALS.put(row, access=opened, refresh=None)
    assert row.seal_form == 2
    row.sealed_access = old
    with pytest.raises(SealBroken):
        SEALS.access(row)
