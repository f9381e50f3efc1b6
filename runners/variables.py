"""The environment variables of an app: a short allow-list, and the names that publishers may not set (B-08)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from runners.process import MARKER

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
_EXACT = {
    "PATH": "the server chooses where programs are found",
    "HOME": "each instance has its own home folder",
    "TMPDIR": "each instance has its own folder for temporary files",
    "VIRTUAL_ENV": "the server chooses the environment",
    "BASH_ENV": "it would run code in every shell",
    "ENV": "it would run code in every shell",
    "IFS": "it would change how shells read commands",
    "GCONV_PATH": "it would load code into the interpreter",
    "POSIT_PRODUCT": "the server sets it",
    "RSTUDIO_PRODUCT": "the server sets it",
    "RSW_LAUNCHER": "it would make apps believe they run on another product",
    "RSTUDIO_MULTI_SESSION": "it would make apps believe they run on another product",
    "RS_SERVER_ADDRESS": "it would make apps believe they run on another product",
    "RS_SERVER_URL": "it would make apps believe they run on another product",
}
_PREFIXES = {
    "LD_": "it would load code into the interpreter",
    "PYTHON": "it would change which code the interpreter loads",
    "CONNECT_": "the server sets the names that begin with CONNECT_",
    "BOKEH_": "the server sets the names that begin with BOKEH_, which sign viewers' sessions",
    "STREAMLIT_SERVER_": "the server decides how Streamlit listens",
    "STREAMLIT_BROWSER_": "the server decides how Streamlit is reached",
    "TABARD_": "the server sets the names that begin with TABARD_",
}
# What the server itself gives an app; publishers may not set these names, callers of a runner may.
_GIVEN = ("CONNECT_", "POSIT_PRODUCT", "RSTUDIO_PRODUCT", "TABARD_")


def refused(name: str) -> str | None:
    """Why a publisher may not set this variable, as a sentence, or None when it may be set."""
    if not _NAME.fullmatch(name):
        return f"{name!r} is not a variable name; use letters, digits and underscores."
    upper = name.upper()
    reason = _EXACT.get(upper) or next((why for start, why in _PREFIXES.items() if upper.startswith(start)), None)
    return f"{name} cannot be set: {reason}." if reason else None


def folders(run_dir: Path) -> tuple[Path, Path]:
    """An instance's home folder and its folder for temporary files."""
    return run_dir / "home", run_dir / "tmp"


def assemble(
    *,
    key: str,
    run_dir: Path,
    interpreter: Path,
    given: Mapping[str, str],
    kind: Mapping[str, str],
    timezone: str | None,
) -> dict[str, str]:
    """The whole environment of an app; nothing of the gateway's own is in it (I-01).

    `given` comes first, so that neither a publisher nor a caller overrides what the kind or this list sets; names
    that no publisher may set and that are not the server's to give (loader variables) are dropped from it.
    """
    home, temporary = folders(run_dir)
    own = {
        "PATH": ":".join((str(interpreter.parent), *_SYSTEM_PATH)),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        MARKER: key,
    }
    if timezone:
        own["TZ"] = timezone
    allowed = {name: value for name, value in given.items() if name.startswith(_GIVEN) or not refused(name)}
    return {**allowed, **kind, **own}
