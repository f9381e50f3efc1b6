"""What a manifest asks for is associated where exactly one integration fits; else the output says why not."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runners.bundles.manifest import ManifestProblem
from server.db.models import Bundle, Content, Integration
from server.oauth.integrations import Draft
from server.publishing.requested import Requested, fitting, shown
from tests.unit.server.vault.house import House


def row(guid: str, template: str = "custom", auth_type: str = "Viewer", name: str = "A", **config: Any) -> Integration:
    return Integration(guid=guid, template=template, auth_type=auth_type, name=name, config=config)


ROWS = [
    row("1", use_pkce=True),
    row("2", name="B", scopes="x"),
    row("3", "snowflake"),
    row("4", auth_type="Service Account"),
]


@pytest.mark.parametrize(
    ("request_", "guids"),
    [
        ({"guid": "2", "type": "snowflake"}, ["2"]), ({"guid": "9"}, []), ({"type": "snowflake"}, ["3"]),
        ({"type": "custom", "auth_type": "Viewer"}, ["1", "2"]), ({"name": "B"}, ["2"]), ({}, []), ({"config": {}}, []),
        ({"config": {"use_pkce": "true"}}, ["1"]), ({"config": {"scopes": "y"}}, []), ({"config": []}, []),
        ({"type": "custom", "config": "x"}, []), ({"type": 7}, []), ({"description": "x"}, []),
    ],
)  # fmt: skip
def test_what_a_request_means(request_: dict[str, Any], guids: list[str]):
    assert [found.guid for found in fitting(request_, ROWS)] == guids


def test_what_a_request_is_called():
    assert shown({"name": "Sales", "type": "custom"}) == "“Sales”"
    assert shown({"name": "a\nb", "type": "custom"}) == "“custom”"
    assert shown({"name": 7}) == "without a type or name"


class Desk:
    async def build(self, house: House) -> "Desk":
        self.house, self.requests, self.problem = house, list[dict[str, Any]](), ""
        self.admin = await house.person("admin", "administrator")
        self.owner = await house.person("paula", "publisher")
        self.app = await house.content(self.owner)
        shelf: Any = SimpleNamespace(code=self.code)
        self.service = Requested(shelf, house.directory, house.integrations, house.associations)
        return self

    def code(self, _folder: str) -> Any:
        if self.problem:
            raise ManifestProblem(self.problem)
        return None, SimpleNamespace(integration_requests=tuple(self.requests))

    async def deploy(self, *requests: dict[str, Any]) -> list[str]:
        self.requests = list(requests)
        lines: list[str] = []
        view = await self.house.directory.by_guid(self.app.guid)
        assert view is not None
        bundle = Bundle(content_id=view.id, details={"folder": "f"})
        await self.service.associate(self.owner.caller, view, bundle, lines.append)
        return lines

    async def names(self) -> list[str | None]:
        return [there.name for there in await self.house.associations.for_content(self.app.guid)]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    house = House(tmp_path)
    yield await Desk().build(house)
    await house.aclose()


async def test_one_that_fits_is_added_once_beside_what_is_there(desk: Desk):
    before = await desk.house.integration(desk.admin)
    await desk.house.associate(desk.owner, desk.app, before)
    there = await desk.house.visitor_integration(desk.admin)
    request = {"type": "connect", "auth_type": "Visitor API Key"}
    assert await desk.deploy(request, {"guid": there.guid}) == ["The integration API was added, as the manifest asks."]
    assert await desk.names() == ["Warehouse", "API"]
    assert await desk.deploy(request) == []
    assert (await desk.house.actions()).count("edit_content_oauth_integrations") == 2


async def test_what_cannot_be_is_said_and_changes_nothing(desk: Desk):
    for _ in range(2):
        await desk.house.integration(desk.admin)
    hidden = Draft(template="connect", name="Hidden", permissions=[{"user_guid": desk.admin.guid}])
    await desk.house.integrations.create(desk.admin.caller, hidden)
    lines = await desk.deploy({"type": "custom"}, {"type": "connect"}, {"type": "snowflake", "name": "Lake"})
    assert [line.partition(":")[0] for line in lines] == [
        "Integration request “custom”", "Integration request “connect”", "Integration request “Lake”",
    ]  # fmt: skip
    assert "2 integrations fit it" in lines[0]
    assert "no integration that you may use fits it" in lines[1]
    assert await desk.names() == []


async def test_what_does_not_fit_the_content_is_said(desk: Desk):
    await desk.house.visitor_integration(desk.admin)
    with desk.house.change(Content) as rows:
        rows[0].app_mode = "static"
    desk.house.directory.forget(desk.app.guid)
    (line,) = await desk.deploy({"type": "connect"})
    assert "Static content runs no code" in line
    assert await desk.names() == []


async def test_trouble_never_fails_a_deployment(desk: Desk):
    desk.problem = "gone"
    (line,) = await desk.deploy()
    assert "could not be added" in line
