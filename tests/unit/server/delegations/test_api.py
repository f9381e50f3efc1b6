"""/v1/oauth/authorizations: administrators about everybody, others about themselves."""

from typing import Any

import httpx
import pytest

from server.delegations.api import DelegationsApi
from server.delegations.delegations import Delegations
from server.web.api import Api
from tests.unit.server.vault.house import House, Person

PATH = "/__api__/v1/oauth/authorizations"


class Served:
    def __init__(self, house: House) -> None:
        self.house = house
        service = Delegations(house.db, house.integrations, house.vault.connections, house.trail)
        house.app._app = Api(DelegationsApi(service).routes().routes, house.csrf)

    async def call(self, person: Person, method: str, query: str = "", **terms: Any) -> httpx.Response:
        return await self.house.browser(key=person.key).request(method, PATH + query, **terms)


@pytest.fixture
def served(house: House) -> Served:
    return Served(house)


async def test_administrators_list_allow_and_revoke(served: Served) -> None:
    house = served.house
    ada, ben = await house.person("ada", "administrator"), await house.person("ben")
    row = await house.integration(ada)
    await house.connected(ben, row)
    body = {"user_guid": ben.guid.upper(), "integration_guid": row.guid, "role": None}
    made = await served.call(ada, "POST", json=body)
    assert made.status_code == 200
    assert (made.json()["kind"], made.json()["created_by"]) == ("pre-authorized", "ada")
    listed = (await served.call(ada, "GET", f"?user={ben.guid}&integration={row.guid}&role=")).json()
    assert [one["kind"] for one in listed["results"]] == ["connection", "pre-authorized"]
    assert listed.keys() == {"results", "current_page", "total"}
    ended = await served.call(ada, "DELETE", f"?integration={row.guid}")
    assert [(one["kind"], one["vendor"]) for one in ended.json()] == [
        ("pre-authorized", "nothing"),
        ("connection", "told"),
    ]
    assert (await served.call(ada, "DELETE", f"?user={ben.guid}")).json() == []


async def test_others_see_and_end_their_own(served: Served) -> None:
    house = served.house
    ada, ben, cleo = await house.person("ada", "administrator"), await house.person("ben"), await house.person("cleo")
    row = await house.integration(ada)
    for person in (ben, cleo):
        await house.connected(person, row)
    assert [one["user_name"] for one in (await served.call(ben, "GET")).json()["results"]] == ["ben"]
    for method in ("GET", "DELETE"):
        assert (await served.call(ben, method, f"?user={cleo.guid}")).status_code == 403
    assert (await served.call(ben, "POST", json={})).status_code == 403
    ended = (await served.call(ben, "DELETE", f"?integration={row.guid}")).json()
    assert [one["user_name"] for one in ended] == ["ben"]
    assert (await served.call(ada, "GET")).json()["total"] == 1


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("DELETE", ""),
        ("DELETE", "?kind=connection"),
        ("GET", "?user=ben"),
        ("GET", "?integration=1"),
        ("GET", "?kind=other"),
        ("GET", "?role=" + "r" * 256),
        ("POST", ""),
    ],
)
async def test_what_is_refused(served: Served, method: str, query: str) -> None:
    ada = await served.house.person("ada", "administrator")
    reply = await served.call(ada, method, query, **({"json": {"user_guid": "x"}} if method == "POST" else {}))
    assert reply.status_code == 400, reply.text
