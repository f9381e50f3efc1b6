"""The services of one server fit together as its settings say."""

from pathlib import Path

import pytest

from server.installation import open_installation
from server.services import Network, Services, assemble
from server.settings import Settings
from tests.unit.dashboard.rig import Rig, open_rig


@pytest.fixture
async def rig(tmp_path: Path):
    made = open_rig(tmp_path)
    yield made
    await made.aclose()


@pytest.mark.parametrize(
    ("public_url", "cookie", "https"),
    [("", "tabard_session", False), ("https://apps.example.org", "__Host-tabard_session", True)],
)
async def test_settings_reach_the_services(tmp_path: Path, public_url: str, cookie: str, https: bool):
    await open_rig(tmp_path).aclose()
    settings = Settings(data_dir=tmp_path / "data", public_url=public_url, max_bundle_size=4096)
    opened = open_installation(settings)
    try:
        made: Services = assemble(settings, opened, (), Network(None, None, None))  # type: ignore[arg-type]
        assert (made.sessions.cookie, made.screens.https, made.screens.origin) == (cookie, https, settings.origin)
        assert (made.shelf.root, made.shelf.limit) == (tmp_path / "data" / "bundles", 4096)
        assert made.shelf.root.stat().st_mode & 0o777 == 0o700
        await made.outbound.aclose()
        made.passwords.close()
    finally:
        opened.close()


async def test_what_changes_in_one_service_is_heard_in_the_others(rig: Rig):
    s = rig.services
    guid = await rig.content("ann")
    integration = await rig.integration()
    await rig.associate(guid, integration)
    assert [a.guid for a in await s.associations.for_content(guid)] == [integration]
    await s.integrations.delete(rig.people["ada"], integration)
    assert await s.associations.for_content(guid) == ()


async def test_a_connection_of_an_integration_that_is_deleted_is_forgotten(rig: Rig):
    s = rig.services
    integration = await rig.integration()
    vic = await rig.person("vic")
    await rig.connect("vic", integration)
    assert await s.vault.standings.of(vic.guid, integration) is not None
    await s.integrations.delete(rig.people["ada"], integration)
    assert await s.vault.standings.of(vic.guid, integration) is None
