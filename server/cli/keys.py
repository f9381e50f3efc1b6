"""`tabard keys`: which keys there are and what needs them; a new one while servers run; old ones away."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from server.audit.trail import Trail
from server.cli.options import add_data_options, settings_of
from server.installation import KEY_FILE, Installation, open_installation
from server.keys import columns, rotation
from server.keys.keyfile import KeyProblem, WrappingKey
from server.keys.rotation import shown


def register(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    status = acts.add_parser("status", help="the keys, and how many values need each")
    add_data_options(status)
    status.set_defaults(run=run_status)
    rotate = acts.add_parser("rotate", help="seal with a new key, and put every value under it, while servers run")
    which = rotate.add_mutually_exclusive_group()
    which.add_argument("--prepare", action="store_true", help="only add the key, to copy it to other servers first")
    which.add_argument(
        "--sessions", action="store_true", help="replace the secret of apps' session handles and forms alone"
    )
    add_data_options(rotate)
    rotate.set_defaults(run=run_rotate)
    prune = acts.add_parser("prune", help="take keys that no value needs out of the key file")
    add_data_options(prune)
    prune.set_defaults(run=run_prune)


def _act(arguments: argparse.Namespace, work: Callable[[Installation, Path], int]) -> int:
    opened = open_installation(settings_of(arguments), shared=True)
    try:
        return work(opened, opened.data_dir / KEY_FILE)
    except KeyProblem as problem:
        print(f"tabard: {problem}", file=sys.stderr)
        return 1
    finally:
        opened.close()


def _say(text: str) -> None:
    print(text, flush=True)


def _record(opened: Installation, action: str, **data: Any) -> None:
    opened.db.write_now(lambda session: Trail(opened.db).record(session, None, action, **data))


def run_status(arguments: argparse.Namespace) -> int:
    """Print every key with what needs it. Returns 0."""

    def work(opened: Installation, file: Path) -> int:
        keys, counted = opened.keyring.keys, opened.db.read_now(columns.used)
        print(file)
        for key in keys.wrapping:
            uses: dict[str, int] = dict(counted.get(key.id, {}))
            state = "seals" if key.id == keys.current else "waits" if key == keys.newest else "opens"
            print(f"key {shown(key.id)}  made {_made(key):10}  {state}  {sum(uses.values())} values")
            for column, count in sorted(uses.items()):
                print(f"    {column}: {count}")
        return 0

    return _act(arguments, work)


def _made(key: WrappingKey) -> str:
    return "at first" if key.made == "-" else key.made


def run_rotate(arguments: argparse.Namespace) -> int:
    """Change keys. Returns 0, or 1 where values are left that do not open."""

    def work(opened: Installation, file: Path) -> int:
        if arguments.prepare:
            key_id = rotation.prepare(file)
            _record(opened, "prepare_key", key=key_id)
            print(f"key {key_id} waits in {file}: copy the file to your other servers, then run: tabard keys rotate")
            return 0
        if arguments.sessions:
            rotation.renew_sessions(file)
            _record(opened, "rotate_session_secret")
            print("the secret of sessions was replaced: open apps ask again when their pages are loaded again")
            return 0
        done = rotation.rotate(opened.db, file, _say)
        _record(opened, "rotate_keys", key=done.key_id, values=sum(done.changed.values()), left=done.left)
        for row in done.damaged:
            print(f"tabard: {row} does not open and was left as it is", file=sys.stderr)
        print(f"{sum(done.changed.values())} values are under key {done.key_id} now, {done.left} are not")
        if not done.left:
            print("take old keys out of the file with: tabard keys prune")
        return 1 if done.left else 0

    return _act(arguments, work)


def run_prune(arguments: argparse.Namespace) -> int:
    """Remove keys. Returns 0, or 1 where values need one that no longer seals."""

    def work(opened: Installation, file: Path) -> int:
        gone, needed = rotation.prune(opened.db, file)
        if gone:
            _record(opened, "remove_keys", keys=gone)
        for key_id in gone:
            print(f"removed key {key_id}")
        for key_id, count in needed.items():
            print(f"tabard: {count} values need key {key_id}; first run: tabard keys rotate", file=sys.stderr)
        if not gone and not needed:
            print("every key is in use")
        return 1 if needed else 0

    return _act(arguments, work)
