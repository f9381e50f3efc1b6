"""An interpreter of this machine as it is, for content that asks for no environment of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from runners.contract import BuiltEnvironment
from runners.environments import installer
from runners.environments.interpreters import Interpreter

_LOOK = (
    "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions() if d.name}))"
)


class Lacking(Exception):
    """The interpreter cannot serve; the text is one sentence for the publisher."""


async def as_it_is(interpreter: Interpreter, needed: Sequence[str]) -> BuiltEnvironment:
    """The interpreter with the packages its administrator gave it, among them all `needed`. Raises Lacking."""
    code, lines = await installer.run(
        [str(interpreter.path), "-I", "-c", _LOOK],
        folder=interpreter.path.parent,
        variables={"LANG": "C.UTF-8"},
        report=lambda _line: None,
        timeout=60,
    )
    if code != 0 or not lines:
        raise Lacking(f"This server's Python {interpreter.version} does not start.")
    listed = json.loads(lines[-1])
    packages = {str(canonicalize_name(name)): str(version) for name, version in listed.items()}
    lacking = [name for name in needed if canonicalize_name(Requirement(name).name) not in packages]
    if lacking:
        raise Lacking(
            f"The manifest says that no environment is to be built, but this server's Python {interpreter.version} has "
            f"no {', '.join(lacking)}. Deploy with environment management, or ask an administrator to install it there."
        )
    root = interpreter.path.parent.parent
    return BuiltEnvironment(root, interpreter.path, interpreter.version, "", packages, managed=False)
