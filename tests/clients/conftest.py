"""One gateway for every test of a client, with an administrator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.gateway import Gateway
from tests.harness.people import Someone, add_person, api_key
from tests.harness.publishing import new_content, panel_bundle, publish


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("clients")
    environ = {"TABARD_DASHBOARD": "", "TABARD_GIT_ALLOW_LOCAL": "true", "TABARD_GIT_POLLING": "2"}
    with Gateway(folder / "data", environ=environ) as made:
        made.bootstrap()
        yield made


@pytest.fixture(scope="session")
def publisher(gateway: Gateway) -> Someone:
    return add_person(gateway, "paula", "publisher")


@pytest.fixture(scope="session")
def publisher_key(gateway: Gateway, publisher: Someone) -> str:
    return api_key(gateway, publisher)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder for command-line clients, so that their stores are the tests' alone."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def running(gateway: Gateway) -> str:
    """A Panel app that serves; the administrator's."""
    guid = new_content(gateway, name="running-panel")
    task = publish(gateway, guid, panel_bundle("one"))
    assert task["code"] == 0, task
    return guid
