"""MUSTs of secrets, keys, logs and the ledger (security.md 3.7; T-136 to T-140; F-28, F-31, F-32)."""

import argparse
import ast
import asyncio
import logging
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from server.audit.verify import Verifier
from server.cli import serve
from server.cli.main import COMMANDS, _parser, main
from server.db.chain import Chain
from server.db.engine import Database
from server.db.models import AuditEvent, Connection
from server.db.upgrade import upgrade
from server.installation import CannotOpen, open_installation
from server.keys import columns, keyfile, keyring, rotation
from server.keys.credentials import digest
from server.keys.keyring import Keyring, SealBroken
from server.settings import Settings
from tests.musts.world import World
from tests.unit.dashboard.rig import _empty
from tests.unit.server.vault.house import House

SOURCES = Path(__file__).parents[2]


@pytest.fixture
def file(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The house's keys in a file that it follows, as a server does."""
    monkeypatch.setattr(rotation, "NOTICED", 0.0)
    monkeypatch.setattr(keyring, "LOOK", 0.0)
    path = tmp_path / "secret.key"
    keys = keyfile.of_secret(b"k" * 32)
    path.touch(0o600)
    keyfile.write(path, keys)
    house.keyring.__init__(keys, path)  # type: ignore[misc]
    return path


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = os.umask(0o022)
    shutil.copytree(_empty(), tmp_path / "data")
    yield tmp_path / "data"
    os.umask(before)


def sealed_of(house: House) -> dict[int, Connection]:
    return {row.user_id: row for row in house.rows(Connection)}


def content_of(database: Path) -> str:
    with closing(sqlite3.connect(database)) as db:
        return "\n".join(db.iterdump())


# K-01


def test_k_01_every_value_has_a_data_key_of_its_own_wrapped_under_a_named_key():
    ring = Keyring(keyfile.new_keys())
    one, two = (ring.seal("x", purpose="p", bound_to="b") for _ in range(2))
    assert one[1:5] == two[1:5] == ring.key_id
    assert one[5:65] != two[5:65]
    with pytest.raises(SealBroken):
        Keyring(keyfile.new_keys()).open(one, purpose="p", bound_to="b")


@pytest.mark.parametrize("what", ["swapped", "copied", "older", "another_column"])
async def test_k_01_tokens_put_elsewhere_are_never_served_and_told(world: World, what: str):
    """T-136."""
    house = world.house
    for person in (world.alice, world.bob):
        await world.consent(person)
    old = sealed_of(house)[world.alice.id]
    if what == "older":
        world.expire()
        await world.token(world.alice)
    with house.change(Connection) as rows:
        alice, bob = sorted(rows, key=lambda row: row.user_id)
        if what == "older":
            alice.sealed_access, alice.sealed_refresh = old.sealed_access, old.sealed_refresh
        elif what == "another_column":
            alice.sealed_access = alice.sealed_refresh
        else:
            kept = alice.sealed_access
            alice.sealed_access = bob.sealed_access
            bob.sealed_access = kept if what == "swapped" else bob.sealed_access
    house.vault.tokens._holdings.forget_all()
    answers = [await world.exchange(world.alice), await world.exchange(world.alice)]
    if what == "swapped":
        answers.append(await world.exchange(world.bob))
    assert {answer.status_code for answer in answers} <= {400, 403}
    assert not any("at-" in answer.text or "CANARY" in answer.text for answer in answers)
    events = await world.events("damaged_oauth_session")
    told = {world.alice.guid, world.bob.guid} if what == "swapped" else {world.alice.guid}
    assert {event.subject for event in events} == told
    assert len(events) == len(told)


# K-02, F-32, T-140


async def test_k_02_keys_change_under_load_without_a_failed_exchange(world: World, file: Path):
    house = world.house
    for person in (world.alice, world.bob):
        await world.consent(person)
    done = asyncio.Event()
    answers: list[int] = []

    async def load() -> None:
        while not done.is_set():
            world.expire()  # so that each exchange seals new tokens
            both = await asyncio.gather(*(world.exchange(person) for person in (world.alice, world.bob)))
            answers.extend(answer.status_code for answer in both)

    loading = asyncio.create_task(load())
    first = keyfile.of_secret(b"k" * 32).current
    result = await asyncio.to_thread(rotation.rotate, house.db, file, lambda _: None)
    gone, needed = await asyncio.to_thread(rotation.prune, house.db, file)
    done.set()
    await loading
    assert len(answers) > 3
    assert set(answers) == {200}
    assert (result.left, result.damaged, gone, needed) == (0, [], [first.hex()], {})
    assert set(house.db.read_now(columns.used)) == {bytes.fromhex(result.key_id)}
    house.vault.tokens._holdings.forget_all()
    assert (await world.token(world.alice)).startswith("at-alice")


async def test_k_02_a_change_that_was_killed_works_and_is_gone_on_with(
    world: World, file: Path, monkeypatch: pytest.MonkeyPatch
):
    for person in (world.alice, world.bob):
        await world.consent(person)
    monkeypatch.setattr(columns, "BATCH", 1)
    write, left = world.house.db.write_now, [2]

    def killed(*arguments: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(world.house.db, "write_now", killed)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate(world.house.db, file, lambda _: None)
    assert len(world.house.db.read_now(columns.used)) == 2
    world.house.vault.tokens._holdings.forget_all()
    for person in (world.alice, world.bob):
        assert (await world.token(person)).startswith(f"at-{person.caller.username}")
    done = rotation.rotate(world.house.db, file, lambda _: None)
    assert (done.resumed, done.left) == (True, 0)


def test_k_02_a_key_that_was_removed_too_early_is_named_and_nothing_is_made_anew(data: Path):
    file = data / "secret.key"
    keys = keyfile.read(file)
    assert keys is not None
    grown = keys.grown()
    turned = grown.turned(grown.wrapping[-1].id)
    keyfile.write(file, turned.without({keys.current}))
    before, kept = content_of(data / "tabard.db"), file.read_bytes()
    with pytest.raises(CannotOpen, match=keys.current.hex()):
        open_installation(Settings(data_dir=data))
    assert (content_of(data / "tabard.db"), file.read_bytes()) == (before, kept)
    keyfile.write(file, turned)
    open_installation(Settings(data_dir=data)).close()


# K-03, F-28


def _elsewhere(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to(file.with_name("elsewhere"))


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _other(file: Path) -> None:
    file.unlink()
    keyfile.create(file)


def _other_root(file: Path) -> None:
    keys, other = keyfile.read(file), keyfile.new_keys()
    assert keys is not None
    keyfile.write(file, keyfile.Keys(other.root, keys.sessions, keys.wrapping, keys.current))


SPOILT: list[tuple[Callable[[Path], object], str]] = [
    (lambda file: file.unlink(), "is missing"),
    (_other, "does not fit"),
    (_other_root, "does not fit"),
    (lambda file: file.chmod(0o640), "chmod 600"),
    (lambda file: file.chmod(0o604), "chmod 600"),
    (lambda file: file.write_text(""), "does not hold a Tabard key"),
    (_elsewhere, "is a link"),
    (_folder, "not a regular file"),
    (lambda file: file.parent.chmod(0o750), "chmod 700"),
    (lambda file: os.chown(file, 65534, -1), "another user"),
]


@pytest.mark.parametrize(("spoil", "words"), SPOILT)
def test_k_03_a_key_or_folder_that_is_not_right_refuses_the_start_and_changes_nothing(
    data: Path, spoil: Callable[[Path], object], words: str, capsys: pytest.CaptureFixture[str]
):
    if words == "another user" and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    before = content_of(data / "tabard.db")
    spoil(data / "secret.key")
    kept = sorted(entry.name for entry in data.iterdir())
    assert main(["keys", "status", "--data-dir", str(data)]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert words in printed.err
    assert content_of(data / "tabard.db") == before
    assert {*kept} >= {entry.name for entry in data.iterdir()} - {"lock", "gateway", "tabard.db-shm", "tabard.db-wal"}


def test_k_03_an_older_schema_is_not_touched_without_its_key(data: Path):
    (data / "tabard.db").unlink()
    older = Database(f"sqlite:///{data / 'tabard.db'}")
    upgrade(older, "0009")
    sealed = Keyring(b"k" * 32).seal("x", purpose="meta", bound_to="key_check")
    insert = "INSERT INTO meta (name, value) VALUES (?, ?)"
    older.write_now(lambda s: s.connection().exec_driver_sql(insert, ("key_check", sealed)))
    older.close()
    before = content_of(data / "tabard.db")
    (data / "secret.key").unlink()
    with pytest.raises(CannotOpen, match="is missing"):
        open_installation(Settings(data_dir=data))
    assert content_of(data / "tabard.db") == before


# K-04


def test_k_04_no_command_takes_a_secret_as_an_argument():
    def options(parser: argparse.ArgumentParser) -> Iterator[str]:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for child in set(action.choices.values()):
                    yield from options(child)
            elif action.nargs != 0:
                yield from action.option_strings or [action.dest]

    found = {option for name in COMMANDS for option in options(_parser(name))}
    assert {"--data-dir", "--head", "--admin-token-file"} <= found  # of several commands
    secret = re.compile("(secret|password|token|key|credential)(?!.*-file$)")  # a file's name is no secret
    assert not [name for name in found if secret.search(name)]


def test_k_04_the_process_that_holds_secrets_cannot_be_read_nor_dumped():
    program = (
        "import ctypes, resource\nfrom server.cli.hardening import harden\nassert harden()\n"
        "assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=SOURCES, timeout=60)


# K-05, T-137, T-138


async def test_k_05_nothing_secret_is_anywhere_but_sealed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Everything on the disk, the log at DEBUG, every answer: while tokens come, fail, are renewed and go."""
    house, log = world.house, tmp_path / "log"
    handler = logging.FileHandler(log)
    root = logging.getLogger()
    monkeypatch.setattr(root, "level", logging.DEBUG)
    root.addHandler(handler)
    try:
        begun = await world.begun(world.browser(world.alice), world.alice)
        await world.consent(world.alice)
        await world.consent(world.bob)
        tokens = {await world.token(world.alice), await world.token(world.bob)}
        for fault in (RuntimeError("the token code broke"), ValueError("CANNOT"), None):
            world.expire()
            house.provider.fault = None if fault is None else lambda _form, error=fault: error  # type: ignore[misc]
            answer = await world.exchange(world.alice)
            assert "CANARY" not in answer.text
        tokens.add(await world.token(world.alice))
        answer = await world.exchange(world.alice, subject_token="x")
        await house.vault.connections.revoke(world.admin.caller, await house.vault.connections.list(), "test")
        await house.vault.aclose()
        await house.trail.aclose()
    finally:
        root.removeHandler(handler)
        handler.close()
    people = (world.alice, world.bob, world.admin, world.paula)
    canaries = {"CANARY", world.app.key, begun["code"], begun["state"], *tokens}
    canaries |= {person.cookie for person in people} | {person.key for person in people}
    where = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"log", "tabard.db", "tabard.db-wal"} <= {path.name for path in where}
    assert log.stat().st_size > 1000
    for path in where:
        found = path.read_bytes()
        assert [text for text in canaries if text.encode() in found] == [], path


# K-06


async def test_k_06_the_log_holds_no_code_state_or_secret_at_debug(world: World, caplog: pytest.LogCaptureFixture):
    names = ("httpx", "httpcore", "alembic", "uvicorn", "authlib", "multipart", "python_multipart")
    before = {name: logging.getLogger(name).level for name in names}
    serve._logging("debug")
    caplog.set_level(logging.DEBUG)
    try:
        assert all(not logging.getLogger(name).isEnabledFor(logging.INFO) for name in names)
        browser = world.browser(world.alice)
        good = await world.begun(browser, world.alice)
        await browser.get("/__oauth__/integrations/callback", params=good)
        bad = await world.begun(browser, world.alice)
        await browser.get("/__oauth__/integrations/callback", params={**bad, "code": "CANARY-code"})
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    text = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("aiosqlite"))
    ours = [good["code"], good["state"], bad["state"], "CANARY", world.alice.cookie]
    # The test's own client writes what it sends; a server has no such client.
    said = "\n".join(line for line in text.splitlines() if "HTTP Request: GET http://localhost:3939" not in line)
    assert [secret for secret in ours if secret in said] == []


# K-07


async def test_k_07_keys_change_apart_from_each_other(world: World, file: Path):
    house = world.house
    await world.consent(world.alice)
    handle = house.handles.viewer(world.alice.caller, world.app.guid)
    form = house.csrf.token("x")
    rotation.rotate(house.db, file, lambda _: None)
    rotation.prune(house.db, file)
    # Another wrapping key: nobody is signed out, no form and no app has to begin again.
    assert (house.handles.viewer(world.alice.caller, world.app.guid), house.csrf.token("x")) == (handle, form)
    assert (await world.exchange(subject_token=handle)).status_code == 200
    lasting = house.keyring.lasting("audit chain")
    rotation.renew_sessions(file)
    # Another secret of sessions: handles and forms begin again; cookies, connections and the ledger do not.
    assert (await world.exchange(subject_token=handle)).status_code == 400
    assert house.csrf.token("x") != form
    house.vault.tokens._holdings.forget_all()
    assert (await world.token(world.alice)).startswith("at-alice")
    found = await house.sessions.identify([(b"cookie", f"tabard_session={world.alice.cookie}".encode())])
    assert found == world.alice.caller
    assert house.keyring.lasting("audit chain") == lasting


# K-08, F-31


async def test_k_08_an_old_backup_ends_in_one_new_consent_and_no_loop(world: World, tmp_path: Path):
    house = world.house
    await world.consent(world.alice)
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(house.path)) as here, closing(sqlite3.connect(copy)) as there:
        here.backup(there)
    world.expire()
    await world.token(world.alice)  # the provider takes the copy's refresh token no more
    restored = House(tmp_path, path=copy, provider=house.provider)
    try:
        restored.time.ahead = house.time.ahead
        again = World(restored)
        again.app, again.alice, again.integration = world.app, world.alice, world.integration
        again.expire()
        before = house.provider.refreshes
        answers = [await again.exchange(world.alice) for _ in range(5)]
        assert {answer.status_code for answer in answers} == {400}
        assert house.provider.refreshes == before + 1
        assert restored.connection().status != "connected"
        await again.consent(world.alice)
        assert (await again.token(world.alice)).startswith("at-alice")
    finally:
        await restored.aclose()


# K-09, T-139


async def test_k_09_a_row_that_was_deleted_is_found_and_nobody_can_edit(house: House):
    house.db.link_events(Chain(b"c" * 32))
    for number in range(5):
        await house.trail.append(None, "act", number=number)
    with closing(sqlite3.connect(house.path)) as db:
        for statement in ("DELETE FROM audit_events WHERE seq = 3", "UPDATE audit_events SET actor = 'x'"):
            with pytest.raises(sqlite3.IntegrityError, match="never changed or deleted"):
                db.execute(statement)
        db.execute("DROP TRIGGER audit_events_no_delete")
        db.execute("DELETE FROM audit_events WHERE seq = 3")
        db.commit()
    verifier = Verifier(Chain(b"c" * 32))
    while not house.db.read_now(verifier.step):
        pass
    assert verifier.verdict is not None
    assert (verifier.verdict.ok, verifier.verdict.seq) == (False, 3)
    assert [row.seq for row in house.rows(AuditEvent)] == [1, 2, 4, 5, 6]


# K-10

SECRET_NAME = re.compile(r"(^|_)(token|secret|mac|digest|signature|csrf|password|verifier|nonce|state|seal)($|_hash$)")

# Nobody who may send one side learns anything of the other.
HARMLESS = {"secrets.get(SECOND_SECRET) == secrets.get('client_secret')": "two secrets in one form of one person"}


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        named = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        return str(named[0]) if named else _name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_column(node: ast.expr) -> bool:
    """`User.token`, of a table: the database compares, and only digests are stored of what is secret."""
    if isinstance(node, ast.Call) and _name(node.func) == "col":
        return True
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id[:1].isupper()


def _plain(node: ast.expr) -> bool:
    """What is written in the source is no secret: a literal, or a constant by name."""
    return isinstance(node, ast.Constant | ast.Tuple | ast.List | ast.Set) or _name(node).isupper()


def test_k_10_secrets_are_compared_in_constant_time():
    found = []
    for folder in ("server", "dashboard", "integrations", "runners"):
        for path in sorted((SOURCES / folder).rglob("*.py")):
            if "sandbox" in path.parts or "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                    continue
                sides = (node.left, node.comparators[0])
                if any(_is_column(side) or _plain(side) for side in sides):
                    continue
                if ast.unparse(node) not in HARMLESS and any(SECRET_NAME.search(_name(side)) for side in sides):
                    found.append(f"{path.relative_to(SOURCES)}:{node.lineno}: {ast.unparse(node)}")
    assert found == []


# O-44


async def test_o_44_a_use_of_a_connection_says_who_what_for_what_and_from_where(world: World):
    await world.consent(world.alice)
    token = await world.token(world.alice)
    (event,) = await world.events("exchange_credentials")
    (connection,) = world.house.rows(Connection)
    assert (event.actor_guid, event.subject) == (world.alice.guid, world.alice.guid)
    assert (event.content, event.integration) == (world.app.guid, world.integration.guid)
    assert event.connection == connection.guid
    assert event.data["token_hash"] == digest(token)[:12]
    assert token not in str(event.model_dump())
