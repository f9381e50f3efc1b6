"""A whole gateway on PostgreSQL: people, a deployment, a restart, and requests that no column can hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.gateway import Gateway
from tests.harness.integrations import associate, service_integration
from tests.harness.people import add_person, api_key
from tests.harness.postgres import Postgres, postgres
from tests.harness.publishing import new_content, panel_bundle, publish


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("on-postgres")
    environ = {"TABARD_DASHBOARD": "", "TABARD_DATABASE_URL": server.url(server.create())}
    with Gateway(folder / "data", environ=environ) as made:
        made.bootstrap()
        yield made


def test_a_deployment_and_a_restart(gateway: Gateway):
    assert not (gateway.data_dir / "tabard.db").exists()
    viewer = api_key(gateway, add_person(gateway, "vic"))
    guid = new_content(gateway, name="on-postgres", access_type="logged_in")
    assert publish(gateway, guid, panel_bundle("pg"))["code"] == 0
    associate(gateway, guid, service_integration(gateway, "https://provider.example.org"))
    assert "Marker pg" in gateway.visit(f"/content/{guid}/", key=viewer).text
    gateway.kill()
    gateway.start()
    assert "Marker pg" in gateway.visit(f"/content/{guid}/", key=viewer).text
    path = f"/v1/content/{guid}/oauth/integrations/associations"
    assert len(gateway.api("GET", path).json()) == 1
    assert "postgresql" not in gateway.log()


def test_what_no_column_can_hold_is_the_callers_mistake(gateway: Gateway):
    guid = new_content(gateway)
    huge = "999999999999"
    for method, path, status in (
        ("GET", "/v1/users?prefix=%00", 400),
        ("GET", "/v1/content?name=a%00b", 400),
        ("GET", "/v1/search/content?q=%00", 400),
        ("GET", "/v1/tasks/%00", 400),
        ("GET", f"/v1/content/{guid}/jobs/%00", 400),
        ("GET", f"/v1/content/{guid}/bundles/{huge}", 404),
        ("DELETE", f"/v1/content/{guid}/bundles/{huge}", 404),
        ("GET", f"/v1/content/{guid}/permissions/{huge}", 404),
        ("GET", f"/v1/users?page_number={2**31}&page_size=500", 200),
    ):
        reply = gateway.api(method, path)
        assert reply.status_code == status, (path, reply.text)
    reply = gateway.api("POST", f"/v1/content/{guid}/deploy", json={"bundle_id": huge})
    assert reply.status_code == 404
    assert gateway.visit(f"/content/{guid}/_bundle{huge}/").status_code == 404
    assert "Traceback" not in gateway.log()


def test_a_database_that_is_not_there_is_a_clear_sentence(server: Postgres, tmp_path: Path):
    environ = {"TABARD_DASHBOARD": "", "TABARD_DATABASE_URL": server.url("no_such_database")}
    with pytest.raises(AssertionError, match=r"The database cannot be used .*check TABARD_DATABASE_URL"):
        Gateway(tmp_path / "data", environ=environ).start()
