"""`kill -9` at any moment loses nothing that was acknowledged, and leaves nothing behind that nobody knows."""

import contextlib
import json
import random
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.sandbox.settings import SandboxSettings
from integrations.sandbox.threaded import running
from tests.harness.consent import give_consent
from tests.harness.gateway import Gateway, until
from tests.harness.integrations import associate, service_integration, viewer_integration
from tests.harness.people import add_person, sign_in
from tests.harness.publishing import bundle, new_content, publish, upload, wait_task

KILLS = 12


@dataclass
class Known:
    """What the server has acknowledged, over all its lives."""

    people: dict[str, str] = field(default_factory=dict)
    content: dict[str, str] = field(default_factory=dict)
    bundles: dict[tuple[str, str], bytes] = field(default_factory=dict)
    permissions: set[tuple[str, str]] = field(default_factory=set)
    associations: set[tuple[str, str]] = field(default_factory=set)
    connections: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return sum(len(kind) for kind in vars(self).values())


@dataclass
class World:
    """A gateway with one published app that a viewer integration belongs to, and the provider of it."""

    gateway: Gateway
    provider: str
    viewer: str
    service: str
    app: str
    known: Known = field(default_factory=Known)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("durable")
    with contextlib.ExitStack() as stack:
        gateway = Gateway(folder / "data", environ={"TABARD_DASHBOARD": ""})
        provider = stack.enter_context(running(SandboxSettings()))
        stack.enter_context(gateway)
        gateway.bootstrap()
        viewer, service = viewer_integration(gateway, provider), service_integration(gateway, provider)
        app = new_content(gateway, name="the-app", access_type="logged_in")
        assert publish(gateway, app, bundle({"app.py": "import streamlit"}))["code"] == 0
        associate(gateway, app, viewer)
        yield World(gateway, provider, viewer, service, app)


def write_people(world: World) -> None:
    """Accounts, and their entries in the app's access list."""
    person = add_person(world.gateway, f"p-{secrets.token_hex(6)}")
    world.known.people[person.guid] = person.username
    body = {"principal_guid": person.guid, "principal_type": "user", "role": "viewer"}
    reply = world.gateway.api("POST", f"/v1/content/{world.app}/permissions", json=body)
    assert reply.status_code == 200
    world.known.permissions.add((world.app, person.guid))


def write_content(world: World) -> None:
    """Content with a bundle and an association."""
    name = f"c-{secrets.token_hex(6)}"
    guid = new_content(world.gateway, name=name)
    world.known.content[guid] = name
    archive = bundle({"app.py": "import streamlit", "data.txt": secrets.token_hex(40_000)})
    world.known.bundles[guid, upload(world.gateway, guid, archive)] = archive
    associate(world.gateway, guid, world.service)
    world.known.associations.add((guid, world.service))


def write_connection(world: World) -> None:
    """A person who signs in and consents."""
    person = add_person(world.gateway, f"v-{secrets.token_hex(6)}")
    world.known.people[person.guid] = person.username
    with contextlib.closing(sign_in(world.gateway, person)) as browser:
        back = give_consent(world.gateway, browser, world.viewer, world.app)
        assert back.status_code == 303, back.text
        assert back.headers["location"] == f"/content/{world.app}/", back.headers["location"]
    world.known.connections.add(person.guid)


def keep_writing(write: Callable[[World], None], world: World, problems: list[BaseException]) -> None:
    """Write until the server is gone; anything but its absence is a problem."""
    try:
        while True:
            write(world)
    except httpx.TransportError:
        return
    except BaseException as problem:
        problems.append(problem)


def one_life(world: World, moment: int) -> None:
    """Write from three sides at once and kill the server once `moment` more writes are acknowledged."""
    problems: list[BaseException] = []
    before = len(world.known)
    writers = [
        threading.Thread(target=keep_writing, args=(write, world, problems))
        for write in (write_people, write_content, write_connection)
    ]
    for writer in writers:
        writer.start()
    until(lambda: problems or len(world.known) >= before + moment, "acknowledged writes")
    world.gateway.kill()
    for writer in writers:
        writer.join(30)
    assert not problems, problems


def check(world: World, seen: Known) -> None:
    """Everything acknowledged is there; everything there is whole."""
    gateway, known = world.gateway, world.known
    assert dict(gateway.rows("select guid, username from users")).items() >= known.people.items()
    assert dict(gateway.rows("select guid, name from content")).items() >= known.content.items()
    access = gateway.rows("select c.guid, p.principal_guid from permissions p join content c on c.id = p.content_id")
    assert set(access) >= known.permissions
    joined = gateway.rows(
        "select c.guid, i.guid from associations a join content c on c.id = a.content_id "
        "join integrations i on i.id = a.integration_id"
    )
    assert set(joined) >= known.associations
    sessions = gateway.api("GET", "/v1/oauth/sessions", params={"all": "true"}).json()
    assert {s["user_guid"] for s in sessions if s["has_refresh_token"]} >= known.connections
    for (guid, number), archive in known.bundles.items() - seen.bundles.items():
        assert gateway.api("GET", f"/v1/content/{guid}/bundles/{number}/download").content == archive
    assert gateway.rows("pragma integrity_check") == [("ok",)]
    assert gateway.rows("pragma foreign_key_check") == []
    recorded = {json.loads(details)["folder"] for (details,) in gateway.rows("select details from bundles")}
    on_disk = {path.name for path in (gateway.data_dir / "bundles").iterdir()} - {"incoming"}
    assert on_disk == recorded
    assert list((gateway.data_dir / "bundles" / "incoming").iterdir()) == []
    for folder in recorded:
        home = gateway.data_dir / "bundles" / folder
        assert (home / "bundle.tar.gz").stat().st_size > 0
        assert (home / "code" / "manifest.json").is_file()


def copy_of(known: Known) -> Known:
    return Known(**{name: type(value)(value) for name, value in vars(known).items()})


def test_whatever_was_acknowledged_survives_many_kills(world: World):
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    for life in range(KILLS):
        seen = copy_of(world.known)
        one_life(world, moments.randint(1, 25))
        world.gateway.start()
        try:
            check(world, seen)
        except AssertionError as error:
            raise AssertionError(f"life {life} of seed {seed}: {error}") from error
    assert world.known.connections
    assert world.known.bundles
    assert world.known.associations
    # The key still opens what was sealed before the first kill: the app starts with a handle and a connection.
    assert world.gateway.visit(f"/content/{world.app}/").status_code in (200, 403)


def test_no_app_outlives_a_killed_server(world: World):
    gateway = world.gateway
    associate(gateway, world.app)
    assert gateway.visit(f"/content/{world.app}/").status_code == 200
    left = set(gateway.app_pids())
    assert left
    gateway.kill()
    assert set(gateway.app_pids()) >= left
    gateway.start()
    assert not set(gateway.app_pids()) & left
    assert gateway.rows("select count(*) from instances where end_time is null") == [(0,)]
    assert gateway.rows("select count(*) from api_keys where instance_key is not null") == [(0,)]
    # And the app starts anew for the next visitor.
    assert gateway.visit(f"/content/{world.app}/").status_code == 200


@pytest.mark.parametrize("words", ["Creating an environment", "Starting the", "The app is ready"])
def test_a_deployment_that_was_under_way_has_failed_and_leaves_no_process(world: World, words: str):
    gateway = world.gateway
    guid = new_content(gateway)
    # A requirement of its own makes an environment of its own, so that there is something to interrupt.
    archive = bundle({"app.py": "import streamlit"}, requirements=f"streamlit>=1.50\nidna>=3.{len(words) % 7}\n")
    number = upload(gateway, guid, archive)
    task = gateway.api("POST", f"/v1/content/{guid}/deploy", json={"bundle_id": number}).json()["task_id"]

    def said() -> bool:
        found: dict[str, Any] = gateway.api("GET", f"/v1/tasks/{task}").json()
        return bool(found["finished"]) or any(words in line for line in found["output"])

    until(said, words)
    gateway.kill()
    left = set(gateway.app_pids())
    gateway.start()
    assert not set(gateway.app_pids()) & left
    found = wait_task(gateway, task)
    assert found["finished"] is True
    served = gateway.api("GET", f"/v1/content/{guid}").json()["bundle_id"]
    assert served == (number if found["code"] == 0 else None)
    if found["code"] != 0:
        assert "restarted" in str(found["error"])
    reply = gateway.api("POST", f"/v1/content/{guid}/deploy", json={"bundle_id": number})
    assert wait_task(gateway, reply.json()["task_id"])["code"] == 0
    assert gateway.visit(f"/content/{guid}/").status_code == 200


def test_two_servers_never_share_a_data_directory(world: World, tmp_path: Path):
    second = Gateway(world.gateway.data_dir, environ={"TABARD_DASHBOARD": ""})
    with pytest.raises(AssertionError, match="Another Tabard server is using"):
        second.start()
    assert world.gateway.api("GET", "/v1/user").status_code == 200
