"""Repository settings by API, and versions made of what a repository holds."""

from typing import Any

import pytest

from server.bundles import store as bundles
from server.content import store as content
from server.repository.fetching import Means
from tests.unit.server.repository.desk import MANIFEST, GitDesk

PATH = "/v1/content/{guid}/repository"
PUBLIC = {"repository": "https://example.org/a/b", "branch": "1dacc4dd", "directory": "apps/one", "polling": False}
UNKNOWN = {"last_error": None, "last_known_commit": None}


async def test_from_the_first_setting_to_the_last(desk: GitDesk):
    assert (await desk.call("owner", "GET", PATH)).refusal == (404, 143)
    assert (await desk.call("owner", "PATCH", PATH, {"branch": "x"})).refusal == (404, 143)
    assert (await desk.call("owner", "DELETE", PATH)).refusal == (404, 143)
    made = await desk.call("editor", "PUT", PATH, PUBLIC)
    assert (made.status, made.json) == (200, PUBLIC | UNKNOWN)
    assert not {"ctx", "path"} & made.json.keys()
    assert (await desk.call("owner", "GET", PATH)).json == made.json
    changed = (await desk.call("owner", "PATCH", PATH, {"branch": "main", "polling": True})).json
    assert changed == PUBLIC | UNKNOWN | {"branch": "main", "polling": True}
    # A PUT without the rest keeps it (connect-api.md 0.25).
    assert (await desk.call("owner", "PUT", PATH, {"directory": "./"})).json == changed | {"directory": "."}
    assert (await desk.call("owner", "DELETE", PATH)).status == 204
    assert (await desk.call("owner", "GET", PATH)).refusal == (404, 143)
    assert len(await desk.events("edit_repository")) == 3


async def test_the_least_that_is_needed(desk: GitDesk):
    made = (await desk.call("owner", "PUT", PATH, {"repository": "https://example.org/a"})).json
    assert (
        made == {"repository": "https://example.org/a", "branch": "main", "directory": ".", "polling": False} | UNKNOWN
    )


async def test_who_may(desk: GitDesk):
    assert await desk.statuses("PUT", PATH, PUBLIC) == {
        "owner": 200, "editor": 200, "viewer": 403, "stranger": 404, "admin": 200, "app": 403,
    }  # fmt: skip
    assert await desk.statuses("GET", PATH) == {
        "owner": 200, "editor": 200, "viewer": 403, "stranger": 404, "admin": 200, "app": 403,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, (400, 25)), ({"repository": ""}, (400, 164)), ({"repository": "ssh://git@example.org/x"}, (400, 25)),
        ({"repository": "git@example.org:x"}, (400, 164)), ({"repository": "ext::sh -c date"}, (400, 164)),
        ({"repository": "https://user:pass@example.org/x"}, (400, 25)), ({"repository": 7}, (400, 25)),
        ({"repository": "https://169.254.169.254/x"}, (400, 25)),
        ({"repository": "https://example.org/x?y"}, (400, 25)),
        (PUBLIC | {"branch": "--upload-pack=x"}, (400, 25)), (PUBLIC | {"directory": "../.."}, (400, 25)),
        (PUBLIC | {"polling": "yes"}, (400, 25)), ([], (400, 87)),
    ],
)  # fmt: skip
async def test_what_cannot_be_a_repository(desk: GitDesk, body: Any, refusal: tuple[int, int]):
    refused = await desk.call("owner", "PUT", PATH, body)
    assert refused.refusal == refusal
    assert "pass" not in refused.json["error"].replace("password", "")
    assert (await desk.call("owner", "GET", PATH)).refusal == (404, 143)


async def test_a_version_is_made_and_not_deployed(desk: GitDesk):
    commit = desk.origin.commit({"app/manifest.json": MANIFEST, "app/app.py": "x = 1", "other": "x"})
    await desk.call("owner", "PUT", PATH, {"repository": desk.origin.url, "directory": "app"})
    made = await desk.call("owner", "POST", f"{PATH}/bundle", {})
    assert made.status == 200
    task, lines = await desk.ended(made.json["task_id"])
    assert (task.code, lines[-1]) == (0, f"Made version {made.json['bundle_id']} of it.")
    assert made.json["location"] == {
        "repository": desk.origin.url, "ref": "main", "directory": "app", "commit": commit,
    }  # fmt: skip
    row = desk.db.read_now(bundles.get, desk.view.id, int(made.json["bundle_id"]))
    assert row.details["metadata"] == {
        "source": "git", "source_repo": desk.origin.url, "source_branch": "main", "source_commit": commit,
    }  # fmt: skip
    assert (row.app_mode, row.entrypoint, row.created_by) == ("python-streamlit", "app.py", desk.owner.guid)
    assert (await desk.call("owner", "GET", PATH)).json["last_known_commit"] == commit
    assert desk.view.bundle_id is None
    assert desk.left() == []


async def test_another_place_can_be_named(desk: GitDesk):
    first = desk.origin.commit({"manifest.json": MANIFEST, "app.py": "1"})
    desk.origin.commit({"app.py": "2"})
    assert (await desk.call("owner", "POST", f"{PATH}/bundle")).refusal == (404, 143)
    body = {"repository": desk.origin.url, "ref": first[:10], "directory": "."}
    assert (await desk.call("owner", "POST", f"{PATH}/bundle", body)).json["location"]["commit"] == first


@pytest.mark.parametrize(
    ("files", "terms", "refusal", "says"),
    [
        ({"app.py": "1"}, {}, (400, 38), "Write one with `rsconnect write-manifest`"),
        ({"manifest.json": "{}"}, {}, (400, 38), "appmode"),
        ({"manifest.json": MANIFEST}, {"branch": "gone"}, (400, 25), "no branch, tag or commit named gone"),
        ({"manifest.json": MANIFEST}, {"directory": "gone"}, (400, 25), "no folder gone"),
    ],
)  # fmt: skip
async def test_what_cannot_become_a_version(desk: GitDesk, files: dict[str, str], terms: Any, refusal: Any, says: str):
    desk.origin.commit(files)
    await desk.call("owner", "PUT", PATH, {"repository": desk.origin.url} | terms)
    refused = await desk.call("owner", "POST", f"{PATH}/bundle")
    assert refused.refusal == refusal
    assert says in refused.json["error"]
    assert (await desk.call("owner", "GET", PATH)).json["last_error"] == refused.json["error"]
    assert desk.db.read_now(bundles.listing, desk.view.id) == []
    assert desk.left() == []
    assert [path.name for path in desk.shelf.root.iterdir()] == ["incoming"]


async def test_locked_content_takes_nothing(desk: GitDesk):
    desk.origin.commit({"manifest.json": MANIFEST})
    desk.db.write_now(content.change, desk.guid, {"locked": True})
    desk.directory.forget(desk.guid)
    body = {"repository": desk.origin.url}
    assert (await desk.call("owner", "POST", f"{PATH}/bundle", body)).refusal == (409, 222)


async def test_a_server_without_git_or_without_local_repositories(desk: GitDesk):
    desk.over(Means(None, desk.root / "git", {}, allow_local=False))
    # Clients read 404 as "not enabled on this server" (connect-api.md 2.13).
    assert (await desk.call("owner", "PUT", PATH, PUBLIC)).refusal == (404, 145)
    assert (await desk.call("owner", "POST", f"{PATH}/bundle", PUBLIC)).refusal == (404, 145)
    desk.over(Means(desk.root / "no-git", desk.root / "git", {}, allow_local=False))
    for url in (desk.origin.url, "http://example.org/x", "https://localhost/x"):
        assert (await desk.call("owner", "PUT", PATH, {"repository": url})).status == 400
