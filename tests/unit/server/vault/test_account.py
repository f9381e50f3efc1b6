"""Whose account it is: told by the vendor's own id where it is known, else by the name (O-37)."""

import pytest

from server.db.models import Connection
from server.vault.account import Account, OtherAccount, another, called, only_account
from tests.unit.server.vault.house import House


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (("1", "ada"), ("1", "ada.l"), False),
        (("1", "ada"), ("2", "ada"), True),
        ((None, "ada"), ("1", "ada"), False),
        ((None, "ada"), (None, "bob"), True),
        ((None, None), ("1", "ada"), False),
        (("1", None), (None, "ada"), False),
    ],
)
def test_another_account(before: Account, after: Account, changed: bool):
    assert another(before, after) is changed


def test_what_it_is_called():
    assert [called(one) for one in (("1", "ada"), ("1", None), (None, None))] == ["ada", "1", ""]


def test_only_one_account_of_the_same_client():
    row = Connection(guid="g", user_id=1, integration_id=1, fingerprint="f", subject="1", account="ada")
    only_account([row], "f", ("1", "ada"))
    only_account([row], "other", ("2", "bob"))
    with pytest.raises(OtherAccount) as caught:
        only_account([row], "f", ("2", "bob"))
    assert (caught.value.before, caught.value.after) == ("ada", "bob")


async def test_where_people_keep_to_one_account_no_role_brings_another(house: House):
    admin, ada = await house.person("admin", "administrator"), await house.person("ada")
    row = await house.snowflake(admin)
    with house.change(type(row)) as rows:
        rows[0].one_account = True
    kept = await house.connected(ada, row)
    with house.change(Connection) as rows:
        rows[0].account = "ADA_ELSEWHERE"
    sealed = house.connection().sealed_refresh
    for role in ("", "ANALYST"):
        with pytest.raises(OtherAccount):
            await house.connected(ada, row, role=role)
    there = house.connection()
    assert (there.guid, there.account, there.sealed_refresh) == (kept, "ADA_ELSEWHERE", sealed)
    assert (await house.actions()).count("refuse_oauth_account") == 2
