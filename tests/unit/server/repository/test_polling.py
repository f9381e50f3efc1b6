"""Following a repository: each new commit is deployed once, in the owner's name; nothing before the first time."""

from server.content import store as content
from server.content.view import ContentView
from server.db.models import User
from server.repository import store
from server.repository.fetching import location_of
from server.repository.polling import Polling
from server.web.caller import Caller
from tests.unit.server.repository.desk import MANIFEST, GitDesk


class Following:
    """Polling of the desk's item, and what it had deployed."""

    def __init__(self, desk: GitDesk) -> None:
        self.desk = desk
        self.deployed: list[tuple[str, str]] = []
        self.polling = Polling(desk.db, desk.directory, desk.fetching, self.deploy, every=0)

    async def deploy(self, owner: Caller, view: ContentView, location: object) -> str:
        self.deployed.append((owner.username, view.guid))
        return "task"

    @property
    def known(self) -> tuple[str | None, str | None]:
        row = self.desk.db.read_now(store.get, self.desk.view.id)
        return row.last_known_commit, row.last_error


async def followed(desk: GitDesk, **terms: object) -> Following:
    desk.origin.commit({"manifest.json": MANIFEST})
    desk.db.write_now(store.put, desk.view.id, {"repository": desk.origin.url, "polling": True} | terms)
    return Following(desk)


async def deploy_once(desk: GitDesk) -> None:
    row = await desk.fetching.settings(desk.view)
    assert row is not None
    await desk.fetching.fetch(desk.who["owner"], desk.view, location_of(row), lambda _line: None)


async def test_each_new_commit_once(desk: GitDesk):
    following = await followed(desk)
    await following.polling.once()
    assert (following.deployed, following.known) == ([], (None, None))
    await deploy_once(desk)
    await following.polling.once()
    assert following.deployed == []
    commit = desk.origin.commit({"app.py": "2"})
    for _ in range(2):
        await following.polling.once()
    assert following.deployed == [("ann", desk.guid)]
    assert following.known == (commit, None)


async def test_a_branch_that_went_is_remembered(desk: GitDesk):
    following = await followed(desk)
    await deploy_once(desk)
    known = following.known[0]
    desk.origin.git("branch", "--move", "other")
    await following.polling.once()
    assert following.deployed == []
    assert following.known == (known, "The repository has no branch or tag named main any more.")


async def test_a_commit_never_moves(desk: GitDesk):
    commit = desk.origin.commit({"manifest.json": MANIFEST})
    following = await followed(desk, branch=commit)
    await deploy_once(desk)
    desk.origin.commit({"app.py": "2"})
    await following.polling.once()
    assert (following.deployed, following.known) == ([], (commit, None))


async def test_an_owner_who_may_not_publish_deploys_nothing(desk: GitDesk):
    following = await followed(desk)
    await deploy_once(desk)
    desk.origin.commit({"app.py": "2"})

    def lock(session: object) -> None:
        user = session.get(User, desk.owner.id)  # type: ignore[attr-defined]
        user.locked = True
        session.add(user)  # type: ignore[attr-defined]

    desk.db.write_now(lock)
    await following.polling.once()
    assert following.deployed == []
    assert desk.db.read_now(content.by_guid, desk.guid).owner_id == desk.owner.id


async def test_what_nobody_expected_stops_no_other(desk: GitDesk, caplog):
    following = await followed(desk)

    async def broken(_location: object) -> str:
        raise OSError(28, "No space left on device")

    desk.fetching.newest = broken  # type: ignore[method-assign]
    await following.polling.once()
    assert following.known[1] == "This server could not look at the repository; its log says why."
    assert "No space left" in caplog.text
