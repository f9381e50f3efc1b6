"""Opening an installation: its data directory, key and database, with every refusal in one clear sentence."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from server.db.chain import Chain
from server.db.engine import Database, DatabaseUnavailable
from server.db.models import Meta
from server.db.owner import new_owner
from server.db.upgrade import SchemaProblem, upgrade
from server.keys import keyfile
from server.keys.columns import KEY_CHECK, ROOT_CHECK, used
from server.keys.keyfile import KeyProblem, Keys
from server.keys.keyring import Keyring, SealBroken
from server.settings import Settings

MARKER = "tabard-data"
MARKER_TEXT = "This folder belongs to a Tabard server.\n"
KEY_FILE = "secret.key"
HOME_FILE = "gateway"
LEDGER_FILE = "ledger"
LEDGER_TEXT = "The audit trail of this server has begun; see tabard audit verify.\n"
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
    # One more gateway begins with a copy of the first one's key.
    if names - {KEY_FILE}:
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


def _begun(path: Path) -> bool:
    """Whether this data directory has seen a linked audit trail.

    It is noted outside the database, so that nobody who has only that can have a trail of her own making linked at the
    next start, as those of servers that did not link them yet were.
    """
    return (path / LEDGER_FILE).exists()


def _note_begun(path: Path) -> None:
    try:
        if not _begun(path):
            (path / LEDGER_FILE).write_text(LEDGER_TEXT)
    except OSError as error:
        raise CannotOpen(f"The data directory {path} cannot be written ({error.strerror}).") from None


def _check_key(db: Database, path: Path, found: Keys | None) -> bool:
    """Whether these keys open this data: False where nothing is sealed yet. Raises CannotOpen (K-03).

    Only looks, also at data of an older schema.
    """
    counted = db.read_now(used)
    if counted and found is None:
        raise CannotOpen(
            f"The key file {path} is missing, and the data is sealed with it; restore it from a backup, or for one "
            "more gateway on this database copy it from the first."
        )
    if found is None:
        return False
    missing = " and ".join(sorted(key_id.hex() for key_id in counted if found.by_id(key_id) is None))
    if missing and not any(found.by_id(key_id) for key_id in counted):
        raise CannotOpen(
            f"The key in {path} does not fit the data, which is sealed with key {missing}; restore the key this data "
            "was made with."
        )
    if missing:
        raise CannotOpen(
            f"The data uses key {missing}, which {path} does not hold; restore a key file that holds it. A key may be "
            "taken away only by: tabard keys prune"
        )
    checks = db.read_now(_checks) if counted else {}
    ring = Keyring(found)
    try:
        for name, sealed in checks.items():
            said = ring.open(sealed, purpose="meta", bound_to=name)
            if name == ROOT_CHECK and not hmac.compare_digest(said, _root_proof(ring)):
                raise SealBroken("another root secret")
    except SealBroken:
        raise CannotOpen(f"The key in {path} does not fit the data; restore the key this data was made with.") from None
    return bool(counted)


def _checks(session: Session) -> dict[str, bytes]:
    return {
        row.name: row.value for row in session.exec(select(Meta).where(col(Meta.name).in_((KEY_CHECK, ROOT_CHECK))))
    }


def _root_proof(keyring: Keyring) -> str:
    return hashlib.sha256(keyring.lasting("proof")).hexdigest()


def _prove(session: Session, keyring: Keyring) -> None:
    """Leave behind what shows at the next start that a key file fits."""
    for name, value in ((KEY_CHECK, PROOF), (ROOT_CHECK, _root_proof(keyring))):
        if session.get(Meta, name) is None:
            session.add(Meta(name=name, value=keyring.seal(value, purpose="meta", bound_to=name)))


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
        file = path / KEY_FILE
        found = keyfile.read(file)
        owner = new_owner(_home(path))
        db = Database(settings.database_url or f"sqlite:///{path / 'tabard.db'}", owner=owner)
        # A server on SQLite is alone and need not tell of its writes; a command beside it must.
        db.changes.announcing |= shared
        try:
            used_before = _check_key(db, file, found)
            upgrade(db)
            keyring = Keyring(found or keyfile.create(file), file)
            db.write_now(_prove, keyring)
            db.link_events(Chain(keyring.lasting("audit chain")), begun=used_before and _begun(path))
            _note_begun(path)
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
