"""Opening an installation: its data directory, key and database, with every refusal in one clear sentence."""

from __future__ import annotations

import fcntl
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from server.db.chain import Chain
from server.db.engine import Database, DatabaseUnavailable
from server.db.models import Meta
from server.db.owner import new_owner
from server.db.upgrade import SchemaProblem, upgrade
from server.keys import keyring as keys
from server.keys.keyring import KeyProblem, Keyring, SealBroken
from server.settings import Settings

MARKER = "tabard-data"
MARKER_TEXT = "This folder belongs to a Tabard server.\n"
KEY_FILE = "secret.key"
HOME_FILE = "gateway"
KEY_CHECK = "key_check"
PROOF = "this key fits this data"


class CannotOpen(Exception):
    """The installation cannot be used; the text says why and what to do. Nothing has been changed."""


@dataclass
class Installation:
    """An open installation. `lock` is held for as long as the process lives."""

    data_dir: Path
    db: Database
    keyring: Keyring
    lock: int

    def close(self) -> None:
        """Close the database and let go of the data directory."""
        self.db.close()
        os.close(self.lock)


def _check_folder(path: Path) -> bool:
    """Whether `path` is ours already; False when it may become ours. Raises CannotOpen."""
    if not path.exists():
        return False
    if not path.is_dir():
        raise CannotOpen(f"{path} is not a folder; choose another --data-dir.")
    try:
        names = {entry.name for entry in path.iterdir()}
    except OSError as error:
        raise CannotOpen(f"The data directory {path} cannot be read ({error.strerror}).") from None
    if MARKER in names:
        info = path.stat()
        if info.st_uid != os.geteuid():
            raise CannotOpen(f"The data directory {path} belongs to another user; run Tabard as its owner.")
        if info.st_mode & 0o077:
            raise CannotOpen(f"The data directory {path} can be entered by others; run: chmod 700 {path}")
        return True
    if names:
        raise CannotOpen(
            f"{path} holds files that are not Tabard's; choose an empty or new folder with --data-dir, "
            "or the folder of an existing Tabard server."
        )
    return False


def _claim(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        (path / MARKER).write_text(MARKER_TEXT)
    except OSError as error:
        raise CannotOpen(f"The data directory {path} cannot be made ({error.strerror}); choose another.") from None


def _lock(path: Path, *, shared: bool) -> int:
    handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if shared:
        return handle
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise CannotOpen(f"Another Tabard server is using {path}; stop it, or choose another --data-dir.") from None
    return handle


def _home(path: Path) -> str:
    """This data directory's own name, by which a gateway knows what it has left in the database."""
    file = path / HOME_FILE
    try:
        if not file.exists():
            fresh = file.with_suffix(f".{os.getpid()}")
            fresh.write_text(uuid.uuid4().hex + "\n")
            fresh.rename(file)
        return file.read_text("ascii").strip()[:64].replace("|", "")
    except (OSError, UnicodeDecodeError):
        raise CannotOpen(f"The file {file} cannot be read or made; check the disk and its permissions.") from None


def _proof(session: Session) -> bytes | None:
    row = session.get(Meta, KEY_CHECK)
    return None if row is None else row.value


def _fit(db: Database, path: Path) -> Keyring:
    """The keyring that fits the data; made on the very first start only (security.md K-03)."""
    found = keys.read(path)
    sealed = db.read_now(_proof)
    if sealed is None:
        keyring = found or keys.create(path)
        value = keyring.seal(PROOF, purpose="meta", bound_to=KEY_CHECK)
        db.write_now(lambda session: session.add(Meta(name=KEY_CHECK, value=value)))
        return keyring
    if found is None:
        raise CannotOpen(
            f"The key file {path} is missing, and the data is sealed with it; restore it from a backup, or for one "
            "more gateway on this database copy it from the first."
        )
    try:
        found.open(sealed, purpose="meta", bound_to=KEY_CHECK)
    except SealBroken:
        raise CannotOpen(f"The key in {path} does not fit the data; restore the key this data was made with.") from None
    return found


def open_installation(settings: Settings, *, shared: bool = False) -> Installation:
    """Check, lock, migrate and unlock. Raises CannotOpen; then nothing is left open.

    A command opens it `shared`, beside a running server: the database itself keeps their writes apart.
    """
    os.umask(0o077)
    path = settings.data_dir.absolute()
    if not _check_folder(path):
        _claim(path)
    lock = _lock(path, shared=shared)
    try:
        owner = new_owner(_home(path))
        db = Database(settings.database_url or f"sqlite:///{path / 'tabard.db'}", owner=owner)
        # A server on SQLite is alone and need not tell of its writes; a command beside it must.
        db.changes.announcing |= shared
        try:
            upgrade(db)
            keyring = _fit(db, path / KEY_FILE)
            db.link_events(Chain(keyring.derived("audit chain")))
            return Installation(path, db, keyring, lock)
        except BaseException:
            db.close()
            raise
    except (SchemaProblem, KeyProblem) as problem:
        os.close(lock)
        raise CannotOpen(str(problem)) from None
    except (DatabaseUnavailable, SQLAlchemyError) as error:
        os.close(lock)
        reason = type(getattr(error, "orig", None) or error).__name__
        raise CannotOpen(
            f"The database cannot be used ({reason}); check TABARD_DATABASE_URL, or restore the database from a backup."
        ) from None
    except CannotOpen:
        os.close(lock)
        raise
