"""`tabard backup`: a copy of everything but the key, taken while the server runs (security.md K-08)."""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from server.cli.options import add_data_options, settings_of
from server.installation import KEY_FILE, MARKER, Installation, open_installation

# Made anew, of this machine's moment, or copied in its own way; and the key, which is kept apart.
LEFT_OUT = {"environments", "git", "run", "lock", KEY_FILE}
DATABASE = "tabard.db"


def register(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    parser.add_argument("folder", type=Path, help="a folder that does not exist yet")
    add_data_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the copy. Returns 0, or 1 with a sentence where there is something already."""
    folder: Path = arguments.folder.absolute()
    opened = open_installation(settings_of(arguments), shared=True)
    try:
        folder.mkdir(mode=0o700, parents=True)
        if opened.db.is_sqlite:
            _copy_database(opened, folder / DATABASE)
        _copy_files(opened.data_dir, folder)
    except FileExistsError:
        print(f"tabard: {folder} exists; name a new folder", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"tabard: the backup cannot be written ({error.strerror})", file=sys.stderr)
        return 1
    finally:
        opened.close()
    print(f"{folder} holds a copy of everything but the key")
    if not opened.db.is_sqlite:
        print("the database is on PostgreSQL and not in it: take it with pg_dump")
    print(f"keep {opened.data_dir / KEY_FILE} apart from it: who has both can read everything")
    return 0


def _copy_database(opened: Installation, target: Path) -> None:
    """SQLite's online copy: of one moment, whatever is written meanwhile."""
    source = opened.db.url.database
    assert source is not None
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there, pages=-1)
        there.execute("PRAGMA journal_mode=DELETE")
    target.chmod(0o600)


def _copy_files(data: Path, folder: Path) -> None:
    """Everything else; bundles never change once they are there, so they fit a database copied before them."""

    def left_out(place: str, names: list[str]) -> set[str]:
        top = Path(place) == data
        return {n for n in names if n.startswith(".") or (top and (n in LEFT_OUT or n.startswith(DATABASE)))}

    shutil.copytree(data, folder, ignore=left_out, symlinks=True, dirs_exist_ok=True, copy_function=_copy)
    folder.chmod(0o700)
    assert (folder / MARKER).exists()


def _copy(source: str, target: str) -> None:
    """A file that was deleted meanwhile is left out: what the database says of it is gone, too."""
    if os.path.exists(source):
        shutil.copy2(source, target)
