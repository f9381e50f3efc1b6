"""The real, unmodified posit-sdk against a running gateway."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from posit import connect
from posit.connect.errors import ClientError
from posit.connect.oauth.types import OAuthIntegrationAuthType, OAuthIntegrationType

from tests.harness.gateway import Gateway
from tests.harness.people import Someone
from tests.harness.publishing import bundle, panel_bundle

CONFIG = {
    "auth_mode": "Confidential",
    "authorization_uri": "https://provider.example.org/authorize",
    "client_id": "client",
    "client_secret": "SDK-CANARY-secret",
    "scopes": "a b",
    "token_endpoint_auth_method": "client_secret_post",
    "token_uri": "https://provider.example.org/token",
}


@pytest.fixture(scope="module")
def client(gateway: Gateway) -> Iterator[connect.Client]:
    with connect.Client(url=gateway.url, api_key=gateway.admin_key) as made:
        yield made


@pytest.fixture
def item(client: connect.Client) -> Iterator[Any]:
    made = client.content.create()
    yield made
    made.delete()


def test_me_and_version(client: connect.Client):
    assert client.me["username"] == "admin"
    assert client.me["user_role"] == "administrator"
    assert client.version == "2026.01.0"


def test_users(client: connect.Client, publisher: Someone):
    made = client.users.create(
        username="sdk-user", email="sdk@example.org", user_role="viewer", first_name="S", last_name="K"
    )
    assert client.users.get(made["guid"]) == made
    assert client.users.count() == len(client.users.find())
    assert client.users.find_one(prefix="sdk-us") == made
    made.lock()
    assert client.users.get(made["guid"])["locked"] is True
    made.unlock()
    assert client.users.get(made["guid"])["locked"] is False
    made.update(first_name="New")
    assert client.users.get(made["guid"])["first_name"] == "New"
    with pytest.raises(ClientError) as refused:
        client.users.create(username="SDK-USER")
    assert (refused.value.http_status, refused.value.error_code) == (409, 8)


def without_owner(item: Any) -> dict[str, Any]:
    """`content.get` always asks for the owner, and `create` never does."""
    return {name: value for name, value in item.items() if name != "owner"}


def test_content_from_creation_to_deletion(client: connect.Client):
    before = client.content.count()
    made = client.content.create(name="sdk-item", title="SDK item", description="x", access_type="all")
    assert without_owner(client.content.get(made["guid"])) == made
    assert client.content.find_one(name="sdk-item") == made
    assert client.content.find_by(name="sdk-item") == made
    assert client.content.count() == before + 1
    assert client.me.content.find_one(name="sdk-item") == made
    assert made.owner["guid"] == client.me["guid"]
    made.update(title="Other", max_processes=3)
    assert (made["title"], made["max_processes"]) == ("Other", 3)
    assert without_owner(client.content.get(made["guid"])) == without_owner(made)
    made.delete()
    with pytest.raises(ClientError) as gone:
        client.content.get(made["guid"])
    assert (gone.value.http_status, gone.value.error_code) == (404, 4)
    assert client.content.count() == before


def test_bundles_deploy_jobs_and_restart(client: connect.Client, gateway: Gateway, item: Any, tmp_path: Path):
    first = item.bundles.create(panel_bundle("one"))
    assert item.bundles.get(first["id"]) == first
    assert item.bundles.active() is None
    task = first.deploy()
    assert len(item.jobs) == 1
    task.wait_for()
    assert task.is_finished
    assert task.error_code == 0
    assert not task.error_message
    assert client.tasks.get(uid=task["id"])["output"] == task["output"]
    active = item.bundles.active()
    assert active is not None
    assert active["id"] == first["id"]
    archive = tmp_path / "second.tar.gz"
    archive.write_bytes(panel_bundle("two"))
    second = item.bundles.create(str(archive))
    second.deploy().wait_for()
    assert [b["id"] for b in item.bundles.find()] == [second["id"], first["id"]]
    assert item.bundles.active()["id"] == second["id"]
    assert "Marker two" in gateway.visit(f"/content/{item['guid']}/").text
    second.download(str(tmp_path / "back.tar.gz"))
    assert (tmp_path / "back.tar.gz").read_bytes() == archive.read_bytes()
    first.delete()
    assert len(item.bundles.find()) == 1
    ended = [job for job in item.jobs if job["status"] != 0]
    assert ended
    for job in ended:  # the first version's instance may be ending just now
        assert item.jobs.find_by(key=job["key"]) == job
    item.deploy().wait_for()

    broken = item.bundles.create(bundle({"app.py": "def broken(:\n"}, "python-panel", requirements="panel>=1.5\n"))
    failing = broken.deploy()
    failing.wait_for()
    assert failing.error_code != 0
    assert failing.error_message
    assert "Marker two" in gateway.visit(f"/content/{item['guid']}/").text


def test_variables(item: Any):
    variables = item.environment_variables
    variables["A"] = "1"
    variables.create("B", "2")
    variables.update(C="3")
    assert variables.find() == ["A", "B", "C"]
    del variables["A"]
    assert list(variables) == ["B", "C"]
    variables.clear()
    assert variables.find() == []


def test_permissions(client: connect.Client, item: Any, publisher: Someone):
    assert item.permissions.find() == []
    user = client.users.get(publisher.guid)
    made = item.permissions.create(user, role="viewer")
    assert item.permissions.get(made["id"]) == made
    assert item.permissions.find_one(principal_guid=publisher.guid) == made
    made.update(role="owner")
    assert item.permissions.get(made["id"])["role"] == "owner"
    assert item.permissions.count() == 1
    item.permissions.destroy(user)
    assert item.permissions.find() == []


def test_integrations(client: connect.Client):
    one = client.oauth.integrations.create(name="one", description="1st", template="custom", config=CONFIG)
    two = client.oauth.integrations.create(name="two", description="2nd", template="custom", config=CONFIG)
    assert client.oauth.integrations.get(one["guid"]) == one
    assert one["auth_type"] == "Viewer"
    assert "client_secret" not in one["config"]
    assert {k: v for k, v in CONFIG.items() if k != "client_secret"}.items() <= one["config"].items()
    listed = [i for i in client.oauth.integrations.find() if i["guid"] in (one["guid"], two["guid"])]
    assert listed == [one, two]
    found = client.oauth.integrations.find_by(
        integration_type=OAuthIntegrationType.CUSTOM, auth_type=OAuthIntegrationAuthType.VIEWER, name="^two$"
    )
    assert found == two
    one.update(name="changed")
    assert client.oauth.integrations.get(one["guid"])["name"] == "changed"
    with pytest.raises(ClientError) as refused:
        client.oauth.integrations.create(name="x", template="no-such-template", config={})
    assert (refused.value.http_status, refused.value.error_code) == (400, 227)
    for integration in (one, two):
        integration.delete()
        with pytest.raises(ClientError) as gone:
            client.oauth.integrations.get(integration["guid"])
        assert (gone.value.http_status, gone.value.error_code) == (404, 4)


def test_associations(client: connect.Client, running: str):
    item = client.content.get(running)
    made = [
        client.oauth.integrations.create(name=f"association {n}", template="custom", config=CONFIG) for n in range(2)
    ]
    guids = [m["guid"] for m in made]
    assert item.oauth.associations.find() == []
    item.oauth.associations.update(guids[0])
    (only,) = item.oauth.associations.find()
    assert only["app_guid"] == only["content_guid"] == item["guid"]
    assert only["oauth_integration_guid"] == guids[0]
    assert [a["app_guid"] for a in made[0].associations.find()] == [item["guid"]]
    item.oauth.associations.update(guids)
    assert {a["oauth_integration_guid"] for a in item.oauth.associations.find()} == set(guids)
    assert item.oauth.associations.find_by(name="association 1")["oauth_integration_guid"] == guids[1]
    item.oauth.associations.delete()
    assert item.oauth.associations.find() == []
    for integration in made:
        integration.delete()


def test_sessions(client: connect.Client):
    assert client.oauth.sessions.find() == []
    assert client.oauth.sessions.find(all=True) == []
    with pytest.raises(ClientError) as unknown:
        client.oauth.sessions.get("2b5aa4f7-22ad-4d0f-a95c-7dcf5b4fe1ac")
    assert (unknown.value.http_status, unknown.value.error_code) == (404, 220)


def test_an_exchange_with_a_persons_key_is_refused_in_the_sdks_words(client: connect.Client):
    with pytest.raises(ClientError) as refused:
        client.oauth.get_credentials("not-a-token")
    assert refused.value.http_status in (400, 403)
    assert refused.value.error_message


def test_tags_and_their_cascades(client: connect.Client, item: Any):
    root = client.tags.create(name="sdk root")
    a = client.tags.create(name="a", parent=root)
    b = client.tags.create(name="b", parent=root)
    c = client.tags.create(name="c", parent=a)
    d = client.tags.create(name="d", parent_id=c["id"])
    try:
        assert isinstance(d["id"], str)
        assert client.tags.get(d["id"]) == d
        assert d.parent_tag == c
        assert root.parent_tag is None
        assert client.tags.find(parent=root) == [a, b] == root.child_tags.find()
        assert client.tags.find(name="d", parent=c) == [d]
        assert [t["id"] for t in root.descendant_tags.find()] == [a["id"], b["id"], c["id"], d["id"]]
        assert item.tags.find() == []
        item.tags.add(d)
        item.tags.add(b["id"])
        assert item.tags.find() == [a, b, c, d]
        with pytest.raises(ClientError) as category:
            item.tags.add(root)
        assert (category.value.http_status, category.value.error_code) == (400, 79)
        item.tags.delete(a)
        assert item.tags.find() == [b]
        d.update(name="dd", parent=b)
        assert (d["name"], d["parent_id"]) == ("dd", b["id"])
        d.update(parent_id=None)
        assert d["parent_id"] is None
        with pytest.raises(ClientError) as twice:
            client.tags.create(name="a", parent=root)
        assert (twice.value.http_status, twice.value.error_code) == (409, 81)
        d.destroy()
    finally:
        root.destroy()
    assert client.tags.find(name="a") == []
    assert item.tags.find() == []


def test_vanities(client: connect.Client, item: Any, publisher_key: str, gateway: Gateway):
    assert item.vanity is None
    item.vanity = "sdk/example"
    assert item.vanity == "/sdk/example/"
    assert item.find_vanity() == item.create_vanity(path="/sdk/example/")
    assert [v["path"] for v in client.vanities.all() if v["content_guid"] == item["guid"]] == ["/sdk/example/"]
    assert client.content.get(item["guid"])["vanity_url"] == f"{gateway.url}/sdk/example/"
    other = client.content.create()
    with pytest.raises(ClientError) as taken:
        other.create_vanity(path="sdk/example")
    assert (taken.value.http_status, taken.value.error_code) == (409, 51)
    for path in ("connect", "sdk/example/below", "sdk"):
        with pytest.raises(ClientError):
            other.vanity = path
    moved = other.create_vanity(path="sdk/example", force=True)
    item.reset_vanity()
    assert item.vanity is None
    moved.destroy()
    del other.vanity
    assert other.vanity is None
    with connect.Client(url=gateway.url, api_key=publisher_key) as somebody, pytest.raises(ClientError) as refused:
        somebody.vanities.all()
    assert refused.value.http_status == 403
    other.delete()


def test_content_by_tag_and_by_what_is_asked_for_beside_it(client: connect.Client, item: Any, publisher_key: str):
    root = client.tags.create(name="sdk found")
    tag = client.tags.create(name="below", parent=root)
    other = client.content.create(name="sdk-found-other", title="Found by the SDK")
    for one in (item, other):
        one.tags.add(tag)
    assert {c["guid"] for c in tag.content_items.find()} == {item["guid"], other["guid"]}
    assert {c["guid"] for c in root.content_items.find()} == {item["guid"], other["guid"]}
    with connect.Client(url=client.cfg.url, api_key=publisher_key) as somebody:
        assert somebody.tags.get(tag["id"]).content_items.find() == []
        assert somebody.content.find(name="sdk-found-other") == []
    found = client.content.find_one(name="sdk-found-other", include=["owner", "tags", "vanity_url"])
    assert found is not None
    assert ([t["id"] for t in found["tags"]], found["owner"]["username"]) == ([tag["id"]], "admin")
    assert "vanity_url" not in found
    tagged = {c["guid"] for c in client.content.find(include="tags") if "tags" in c}
    assert tagged == {item["guid"], other["guid"]}
    assert client.content.find_by(title="Found by the SDK") is not None
    page = client.get("v1/search/content", params={"q": "found tag:below owner:@me", "include": "tags"}).json()
    assert ([c["guid"] for c in page["results"]], page["total"]) == ([other["guid"]], 1)
    root.destroy()
    assert other.tags.find() == []
    other.delete()


def test_packages_lock_file_and_jobs_of_what_serves(client: connect.Client, running: str):
    item = client.content.get(running)
    assert item.packages.find_by(name="panel")["language"] == "python"
    everywhere = client.packages.find_by(name="panel", app_guid=running)
    assert everywhere is not None
    assert everywhere["bundle_id"] == item["bundle_id"]
    lock = item.get_lockfile()
    assert lock.python_version == item["py_version"]
    assert "panel==" in lock.text
    for job in item.jobs:
        assert item.jobs.find(job["key"])["key"] == job["key"]


def test_runtime_caches(client: connect.Client, running: str):
    found = client.system.caches.runtime.find()
    assert [cache["language"] for cache in found] == ["python"]
    assert found[0].destroy(dry_run=True) is None
    with pytest.raises(ClientError) as gone:
        client.system.caches.runtime.destroy(language="Python", version="0.0.0", image_name="Local")
    assert (gone.value.http_status, gone.value.error_code) == (404, 4)


def test_execution_environments(client: connect.Client):
    made = client.environments.create(title="Title", cluster_name="Kubernetes", name="Name")
    assert client.environments.find(made["guid"]) == made
    assert client.environments.find_by(name="Name") == made
    made.update(title="New Title")
    assert (made["title"], made["name"]) == ("New Title", "Name")
    made.destroy()
    assert len(client.environments) == 0


def test_repository(item: Any):
    assert item.repository is None
    where = {"repository": "https://git.example.org/a/b", "branch": "1dacc4dd", "directory": "x/y", "polling": False}
    made = item.create_repository(**where)
    assert {name: made[name] for name in where} == where
    found = item.repository
    assert found == made
    found.update(branch="main")
    assert (found["branch"], found["directory"], found["polling"]) == ("main", "x/y", False)
    found.destroy()
    assert item.repository is None
