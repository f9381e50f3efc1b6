"""Settings: read once from TOML, TABARD_* variables and *_FILE secrets; all problems are reported together."""

from __future__ import annotations

import base64
import binascii
import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "TABARD_"
# What package installers need to reach their index. Everything else of our environment stays with us.
INSTALLER_VARIABLES = (
    "CURL_CA_BUNDLE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "PIP_CERT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "UV_CACHE_DIR",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_NATIVE_TLS",
)


class SettingsError(Exception):
    """The settings cannot be used; `problems` holds one sentence each, with its fix."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """What an operator may choose. Durations are seconds, sizes are bytes."""

    host: str = "127.0.0.1"
    port: int = 3939
    data_dir: Path = Path("tabard-data")
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    database_url: str = field(default="", repr=False)
    bootstrap_secretkey: bytes | None = field(default=None, repr=False)
    oauth_allow_local_providers: bool = False
    dashboard: str = "dashboard.room:room"
    session_idle: float = 8 * 3600.0
    session_absolute: float = 7 * 86400.0
    max_bundle_size: int = 1024 * 1024 * 1024
    git_allow_local: bool = False
    git_polling: float = 300.0
    upload_patience: float = 30.0
    app_start_timeout: float = 60.0
    render_timeout: float = 1800.0
    default_user_role: str = "viewer"
    usage_retention: float = 365 * 86400.0
    exchange_app_rate: float = 500.0
    exchange_viewer_rate: float = 100.0
    log_level: str = "info"
    installer_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    home: Path = Path()

    @property
    def origin(self) -> str:
        """The public origin, e.g. `http://localhost:3939`, without a trailing slash."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def callback_url(self) -> str:
        """The one redirect address registered at every provider (connect-api.md 3.5)."""
        return f"{self.origin}/__oauth__/integrations/callback"

    @property
    def origins(self) -> tuple[str, ...]:
        """Every origin a browser may use, the public one first."""
        scheme = urlsplit(self.origin).scheme
        return tuple(dict.fromkeys([self.origin, *(f"{scheme}://{host}" for host in sorted(self.hosts))]))

    @property
    def hosts(self) -> frozenset[str]:
        """The Host header values this server answers to (security.md G-15)."""
        local = (f"{name}:{self.port}" for name in ("localhost", "127.0.0.1"))
        return frozenset({urlsplit(self.origin).netloc.lower(), *local, *(h.lower() for h in self.allowed_hosts)})

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers reach us over https."""
        return self.origin.startswith("https://")

    @property
    def internal_url(self) -> str:
        """Where app processes on this machine reach the API."""
        host = self.host if self.host not in ("", "0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text")
    return value


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = value if isinstance(value, int) and not isinstance(value, bool) else int(str(value), 10)
        if not low <= number <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return number

    return parse


def _seconds(value: Any) -> float:
    number = float(value)
    if not 1 <= number <= 366 * 86400:
        raise ValueError("expected a number of seconds from 1 to 31622400")
    return number


def _rate(value: Any) -> float:
    number = float(value)
    if not 1 <= number <= 1_000_000:
        raise ValueError("expected a number from 1 to 1000000")
    return number


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in ("true", "false"):
        raise ValueError('expected "true" or "false"')
    return word == "true"


def _hosts(value: Any) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(i, str) for i in items):
        raise ValueError('expected host[:port] names, e.g. "apps.example.org,gateway:3939"')
    return tuple(i.strip() for i in items if i.strip())


def _origin(value: Any) -> str:
    parts = urlsplit(_text(value).rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ValueError('expected an address such as "https://apps.example.org", without a path')
    if parts.username or parts.password:
        raise ValueError("expected an address without a user name")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _secretkey(value: Any) -> bytes:
    try:
        key = base64.b64decode(_text(value).strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected base64; make one with: openssl rand -base64 32") from None
    if len(key) < 32:
        raise ValueError("expected at least 32 bytes before base64; make one with: openssl rand -base64 32")
    return key


def _database(value: Any) -> str:
    url = _text(value).strip()
    if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://")):
        raise ValueError('expected "postgresql://user@host/name" or "sqlite:////absolute/path"')
    for short in ("postgresql://", "postgres://"):
        if url.startswith(short):
            url = "postgresql+psycopg://" + url.removeprefix(short)
    return url


def _level(value: Any) -> str:
    word = _text(value).lower()
    if word not in ("debug", "info", "warning", "error"):
        raise ValueError('expected "debug", "info", "warning" or "error"')
    return word


def _role(value: Any) -> str:
    word = _text(value).lower()
    if word not in ("viewer", "publisher", "administrator"):
        raise ValueError('expected "viewer", "publisher" or "administrator"')
    return word


def _room(value: Any) -> str:
    name = _text(value)
    if name and name.count(":") != 1:
        raise ValueError('expected "package.module:attribute", or "" for no dashboard')
    return name


PARSERS: dict[str, Callable[[Any], Any]] = {
    "host": _text,
    "port": _whole(1, 65535),
    "data_dir": lambda v: Path(_text(v)).expanduser(),
    "public_url": _origin,
    "allowed_hosts": _hosts,
    "database_url": _database,
    "bootstrap_secretkey": _secretkey,
    "oauth_allow_local_providers": _flag,
    "dashboard": _room,
    "session_idle": _seconds,
    "session_absolute": _seconds,
    "max_bundle_size": _whole(1024, 1 << 40),
    "git_allow_local": _flag,
    "git_polling": _seconds,
    "upload_patience": _seconds,
    "app_start_timeout": _seconds,
    "render_timeout": _seconds,
    "default_user_role": _role,
    "usage_retention": _seconds,
    "exchange_app_rate": _rate,
    "exchange_viewer_rate": _rate,
    "log_level": _level,
}


def _unknown(shown: str, name: str) -> str:
    near = difflib.get_close_matches(name, PARSERS, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known settings: {', '.join(sorted(PARSERS))}"
    return f"{shown} is not a setting of Tabard{hint}"


def _from_file(path: Path, problems: list[str]) -> dict[str, tuple[str, Any]]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        problems.append(f"the settings file {path} cannot be read ({error.strerror}); check --config")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"the settings file {path} is not TOML ({error}); mend it or leave --config out")
        return {}
    found = {}
    for name, value in table.items():
        if name in PARSERS:
            found[name] = (f"{name} in {path}", value)
        else:
            problems.append(_unknown(f"{name} in {path}", name))
    return found


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> dict[str, tuple[str, Any]]:
    found: dict[str, tuple[str, Any]] = {}
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable in ("TABARD_CONFIG", "TABARD_CONFIG_FILE"):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in PARSERS:
            if f"{variable}_FILE" in environ:
                problems.append(f"{variable} and {variable}_FILE are both set; unset one of them")
            found[name] = (variable, value)
        elif name.endswith("_file") and name.removesuffix("_file") in PARSERS:
            try:
                text = Path(value).read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "not text"
                problems.append(f"{variable} names a file that cannot be read ({reason}); check its path and mode")
                continue
            found.setdefault(name.removesuffix("_file"), (variable, text))
        else:
            problems.append(_unknown(variable, name))
    return found


def load(
    overrides: Mapping[str, Any] | None = None,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from `overrides` (command line) over the environment over the TOML file over the defaults.

    Raises SettingsError with every problem found. Values of secrets are never part of a problem's text.
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    raw: dict[str, tuple[str, Any]] = {}
    config = config or (Path(environ["TABARD_CONFIG"]) if environ.get("TABARD_CONFIG") else None)
    if config:
        raw |= _from_file(config, problems)
    raw |= _from_environment(environ, problems)
    for name, given in (overrides or {}).items():
        if given is not None:
            raw[name] = (f"--{name.replace('_', '-')}", given)
    values: dict[str, Any] = {}
    for name, (shown, value) in raw.items():
        try:
            values[name] = PARSERS[name](value)
        except (ValueError, TypeError) as error:
            text = str(error) if str(error).startswith("expected") else "expected another kind of value"
            problems.append(f"{shown} has a value that cannot be used: {text}")
    if problems:
        raise SettingsError(problems)
    values["installer_variables"] = {n: environ[n] for n in INSTALLER_VARIABLES if environ.get(n)}
    values["home"] = Path(environ.get("HOME", "/"))
    known = {f.name for f in fields(Settings)}
    return Settings(**{k: v for k, v in values.items() if k in known})
