"""A pool over the fake runner: no processes, no sockets, a real database."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

from runners.backends.fake import Behaviour, FakeRunner
from runners.contract import BuiltEnvironment, Handle, LaunchSpec
from runners.kinds import catalog
from server.accounts import store as accounts
from server.bundles import store as bundles
from server.bundles.shelf import CODE, Shelf
from server.content import store as content
from server.content.directory import Directory, load_view
from server.content.variables import Variables
from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Bundle
from server.instances.credentials import Credentials
from server.instances.live import StartProblem
from server.instances.pool import Pool
from server.instances.prepare import Prepared
from server.keys.keyring import Keyring
from server.renderings.documents import Documents
from server.renderings.renderer import Renderer
from server.sessions.handles import Handles


class FakeLink:
    """A link that remembers where it leads and whether it was closed."""

    def __init__(self, host: str, port: int) -> None:
        self.where, self.in_flight, self.closed = (host, port), 0, False

    async def aclose(self) -> None:
        self.closed = True


class SlowRunner(FakeRunner):
    """A fake runner whose starts wait for a gate."""

    def __init__(self, **terms: object) -> None:
        super().__init__(**terms)  # type: ignore[arg-type]
        self.gate = asyncio.Event()
        self.gate.set()

    async def start(self, spec: LaunchSpec) -> Handle:
        await self.gate.wait()
        return await super().start(spec)


class FakePreparer:
    """Prepares every bundle at once; `problem` makes it fail."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.problem: StartProblem | None = None
        self.syntax: StartProblem | None = None
        self.prepared = 0
        self.managed = True

    async def prepare(self, bundle: Bundle, report: Callable[[str], None]) -> Prepared:
        self.prepared += 1
        if self.problem is not None:
            raise self.problem
        report("Prepared.")
        kind = catalog.by_mode(bundle.app_mode)
        assert kind is not None
        environment = BuiltEnvironment(
            self._root, self._root / "python", "3.11.7", "key", {"streamlit": "1.67.0"}, managed=self.managed
        )
        return Prepared(kind, self._root, bundle.entrypoint, environment)

    async def check(self, _prepared: Prepared) -> None:
        if self.syntax is not None:
            raise self.syntax


class Rig:
    """A pool with one content item."""

    def __init__(self, db: Database, root: Path) -> None:
        self.db = db
        self.keyring = Keyring(b"p" * 32)
        self.runner = SlowRunner(
            behaviours={"crash.py": Behaviour(prints="boom\n", exit_code=3), "slow.py": Behaviour(ready=False)}
        )
        self.preparer = FakePreparer(root)
        self.variables = Variables(db, self.keyring)
        self.directory = Directory(db)
        self.forgotten: list[str] = []
        self.wants_token = False
        self.busy: dict[str, int] = {}
        self.hung_up: list[str] = []
        self.links: list[FakeLink] = []
        handles = Handles(self.keyring)
        credentials = Credentials(
            db,
            handles,
            "http://127.0.0.1:3939",
            associations=self,  # type: ignore[arg-type]
            forget_key=self.forgotten.append,
        )
        self.run_root = root / "run"
        self.pool = Pool(
            db,
            self.runner,
            self.preparer,  # type: ignore[arg-type]
            credentials,
            self.variables,
            self.keyring,
            run_root=self.run_root,
            origins=("http://localhost:3939",),
            start_timeout=5.0,
            open_link=self._open,  # type: ignore[arg-type]
            busy=lambda tag: self.busy.get(tag, 0),
            hang_up=lambda tag, _reason: self.hung_up.append(tag),
        )
        self.shelf = Shelf(root / "bundles", 1024 * 1024)
        self.renderer = Renderer(db, self.shelf, self.variables, credentials, run_root=self.run_root, timeout=20.0)
        self.documents = Documents(db, self.shelf, self.preparer, self.renderer)  # type: ignore[arg-type]
        self.owner = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
        self.guid = db.write_now(lambda s: content.add(s, self.owner.id or 0, {"name": "app"})).guid

    async def for_content(self, _guid: str) -> tuple[SimpleNamespace, ...]:
        """In place of the associations: a service account, where the test wants one."""
        return (SimpleNamespace(auth_type="Service Account"),) if self.wants_token else ()

    def _open(self, host: str, port: int) -> FakeLink:
        link = FakeLink(host, port)
        self.links.append(link)
        return link

    @property
    def view(self) -> ContentView:
        found = self.db.read_now(load_view, self.guid)
        assert found is not None
        return found

    def bundle(self, entrypoint: str = "app.py", mode: str = "python-streamlit") -> int:
        """Record a bundle; returns its number."""
        row = Bundle(
            content_id=self.view.id, app_mode=mode, entrypoint=entrypoint, details={"folder": f"f-{entrypoint}"}
        )
        number = self.db.write_now(bundles.add, row).id
        assert number is not None
        return number

    def site(self, files: Mapping[str, str], mode: str = "static", **metadata: str) -> int:
        """Record a bundle with these files and a manifest that lists them; returns its number."""
        folder = f"site-{secrets.token_hex(4)}"
        code = self.shelf.root / folder / CODE
        manifest = {"metadata": {"appmode": mode, **metadata}, "files": {name: {} for name in files}}
        for name, text in {**files, "manifest.json": json.dumps(manifest)}.items():
            (code / name).parent.mkdir(parents=True, exist_ok=True)
            (code / name).write_text(text)
        row = Bundle(content_id=self.view.id, app_mode=mode, details={"folder": folder})
        number = self.db.write_now(bundles.add, row).id
        assert number is not None
        return number


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a condition by polling it."""
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition did not come true")
