"""Owns what the sandbox provider can be told: its clients, its people, and the faults it should play."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, Final, get_args

SCOPES: Final[Mapping[str, str]] = {
    "openid": "Know that it is you",
    "profile": "See your name",
    "email": "See your e-mail address",
    "sales.read": "Read the sales figures you may read",
    "offline_access": "Keep this access until you take it back",
}
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "client_credentials", "password")
AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
FAULTS: Final[Mapping[str, str]] = {
    "server_error": "answer 500 with an HTML page, before doing anything",
    "unavailable": "answer 503 with Retry-After, before doing anything",
    "rate_limited": "answer 429 with Retry-After, before doing anything",
    "invalid_grant": "refuse with invalid_grant, though the grant is good",
    "invalid_client": "refuse with invalid_client, though the secret is good",
    "not_json": "answer 200 with an HTML page, before doing anything",
    "lost_answer": "do the work (rotate, issue), then answer 502 with nothing",
    "omit_expires_in": "do the work, and leave expires_in out of the answer",
    "omit_refresh_token": "do the work, and leave refresh_token out of the answer",
    "oauth_error": "refuse with the error code or the whole object in value",
    "answer": "answer the status, headers and body in value, before doing anything",
    "members": "do the work, and put the members in value over those of the answer",
    "other_person": "do the work, and name another person in the id_token (value: who)",
    "delay": "do the work, and answer after value seconds",
    "drip": "do the work, and answer one byte every value seconds (default 1)",
    "cut": "do the work, send half of the answer and reset the connection",
    "never": "take the request and never answer",
    "redirect": "answer 307 to the address in value, before doing anything",
    "gzip_bomb": "answer value megabytes (default 64) of zeros, packed",
    "truncated_gzip": "answer a packed body that ends too early",
    "huge": "answer value megabytes (default 10)",
}
AFTER_WORK: Final = frozenset(
    {"lost_answer", "omit_expires_in", "omit_refresh_token", "members", "other_person", "delay", "drip", "cut"}
)
FAULTY: Final = ("token", "revocation", "userinfo")
ISS: Final = ("right", "wrong", "missing", "twice")
CALLBACK_PATH: Final = "/__oauth__/integrations/callback"


class SettingsError(ValueError):
    """A setting the provider cannot use; the text says which one and what would be accepted."""


@dataclass(frozen=True)
class Fault:
    """One scripted misbehaviour of the token endpoint, or of another `endpoint` out of FAULTY.

    `kind` is a key of FAULTS, `times` how many matching requests it spoils; `grant_type` narrows it. What
    `value` means, the kind says.
    """

    kind: str
    times: int = 1
    grant_type: str | None = None
    endpoint: str = "token"
    value: Any = None

    def __post_init__(self) -> None:
        """Raise SettingsError for a kind or a count that means nothing."""
        if self.kind not in FAULTS:
            raise SettingsError(f"fail_next: {self.kind!r} is not a fault; use one of {', '.join(FAULTS)}.")
        if self.times < 1:
            raise SettingsError("fail_next: times must be 1 or more.")
        if self.endpoint not in FAULTY:
            raise SettingsError(f"fail_next: endpoint must be one of {', '.join(FAULTY)}.")
        if (wanted := _VALUES.get(self.kind)) and not isinstance(self.value, wanted[0]):
            raise SettingsError(f"fail_next: {self.kind} needs a value, {wanted[1]}.")


_VALUES: Final[Mapping[str, tuple[Any, str]]] = {
    "oauth_error": ((str, dict), "an error code or an object"),
    "answer": (dict, 'like {"status": 204}'),
    "members": (dict, "an object"),
    "delay": ((int, float), "seconds"),
    "redirect": (str, "an address"),
}


@dataclass(frozen=True)
class ClientSettings:
    """One registered OAuth client and how the provider treats it. Times are in seconds.

    A client without a secret is public: it authenticates with `none` and has to use PKCE. `refresh_prefix`
    begins every refresh token of this client, so that a test can search pages, logs and files for it.
    `vendor` says whose way of answering it gets ("" is plain OAuth 2.0). A scope that ends in `*` stands for
    all that begin so. `second_secret` works as well as the first, as during a rotation. `access_lifetime` None:
    tokens do not end, and no refresh token is given. `refresh_scope` names scopes of which one must be asked
    for to get a refresh token. `live_grants` is how many consents of one person live; a further one ends the
    oldest. `rotation_grace`: how long a replaced refresh token still works; `old_access_dies`: a refresh ends
    the access tokens before it. `early_rejection`: the API refuses tokens with less than that left.
    `jwt_access`: access tokens are JWTs with `audience`, and the scopes in `scope_claim` (a list for scp, a text
    with `scope_delimiter` for scope). `date_skew` moves the Date header. `public_key` (PEM) is what a client's
    assertions (private_key_jwt) or a GitHub App's JWTs are verified with; `app_id` is the app's number.
    """

    client_id: str
    name: str = ""
    secret: str | None = None
    redirect_uris: tuple[str, ...] = ()
    any_loopback_redirect: bool = False
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    auth_methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    scopes: tuple[str, ...] = tuple(SCOPES)
    access_lifetime: int | None = 3600
    refresh_lifetime: int | None = None
    require_pkce: bool = True
    issue_refresh: bool = True
    rotate_refresh: bool = True
    reuse_detection: bool = False
    refresh_prefix: str = "sbx-refresh-"
    token_delay: float = 0.0
    omit_expires_in: bool = False
    fail_next: tuple[Fault, ...] = ()
    vendor: str = ""
    second_secret: str | None = None
    refresh_scope: tuple[str, ...] = ()
    live_grants: int | None = None
    rotation_grace: float = 0.0
    old_access_dies: bool = False
    early_rejection: int = 0
    jwt_access: bool = False
    audience: str = ""
    scope_claim: str = "scp"
    scope_delimiter: str = ","
    iss: str = "right"
    date_skew: float = 0.0
    blocked_roles: tuple[str, ...] = ("ACCOUNTADMIN", "SECURITYADMIN", "ORGADMIN")
    pre_authorized_roles: tuple[str, ...] = ()
    instance_url: str = "https://sandbox-org.my.salesforce.com"
    app_id: str = ""
    public_key: str = ""

    def __post_init__(self) -> None:
        """Raise SettingsError for values that cannot work together."""
        if not self.client_id:
            raise SettingsError("A client needs a client_id.")
        _subset(self.client_id, "grant_types", self.grant_types, GRANT_TYPES)
        _subset(self.client_id, "auth_methods", self.auth_methods, AUTH_METHODS)
        if not self.vendor:
            known = (*SCOPES, *(scope for scope in self.scopes if scope.lower().startswith("session:role")))
            _subset(self.client_id, "scopes", self.scopes, known)
        _subset(self.client_id, "iss", (self.iss,), ISS)
        _subset(self.client_id, "scope_claim", (self.scope_claim,), ("scp", "scope"))
        if self.access_lifetime is not None and self.access_lifetime < 1:
            raise SettingsError(f"{self.client_id}: access_lifetime must be 1 second or more.")
        if self.token_delay < 0:
            raise SettingsError(f"{self.client_id}: token_delay must not be negative.")
        if self.secret is None and "none" not in self.auth_methods:
            raise SettingsError(f'{self.client_id}: give a secret, or set auth_methods to ["none"].')
        if "authorization_code" in self.grant_types and not self.redirect_uris:
            raise SettingsError(f"{self.client_id}: list at least one address in redirect_uris.")


@dataclass(frozen=True)
class UserSettings:
    """One person who can sign in at the provider with user name `sub`; the rest is for the warehouse's roles."""

    sub: str
    name: str
    email: str
    password: str
    login_name: str = ""
    roles: tuple[str, ...] = ("PUBLIC", "ANALYST")
    default_role: str = "PUBLIC"

    @property
    def login(self) -> str:
        """The warehouse's login_name: the e-mail address unless another is set."""
        return self.login_name or self.email


def default_clients() -> tuple[ClientSettings, ...]:
    """Return the clients of the demo: one for viewers, one for a service account, one for seed 002's test."""
    viewer = ClientSettings(
        client_id="tabard-viewer",
        name="Tabard",
        secret="sandbox-viewer-secret",  # noqa: S106 - a published demo value
        redirect_uris=(f"http://localhost:3939{CALLBACK_PATH}",),
        any_loopback_redirect=True,
    )
    service = ClientSettings(
        client_id="tabard-service",
        name="Reporting",
        secret="sandbox-service-secret",  # noqa: S106 - a published demo value
        grant_types=("client_credentials",),
        scopes=("sales.read",),
        issue_refresh=False,
    )
    external = ClientSettings(
        client_id="tabard-external",
        name="Authorization server of a warehouse",
        secret="sandbox-external-secret",  # noqa: S106 - a published demo value
        grant_types=("password",),
        scopes=("session:role:*", "session:role-any", "SESSION:ROLE-ANY"),
        issue_refresh=False,
        jwt_access=True,
        audience="https://sandbox.snowflakecomputing.example",
    )
    return (viewer, service, external)


def default_users() -> tuple[UserSettings, ...]:
    """Return alice, bob and carol; each one's password is the user name."""
    people = {"alice": "Alice Archer", "bob": "Bob Baker", "carol": "Carol Castle"}
    return tuple(UserSettings(sub, name, f"{sub}@example.org", sub) for sub, name in people.items())


@dataclass(frozen=True)
class SandboxSettings:
    """Everything the provider is started with.

    `issuer` is the address browsers and the gateway use, without a slash at the end; empty means "the address
    it is started on". An empty `admin_token` switches the admin API off.
    """

    issuer: str = ""
    vendor: str = ""
    vendor_issuers: Mapping[str, str] = field(default_factory=dict)
    clients: tuple[ClientSettings, ...] | list[ClientSettings] = field(default_factory=default_clients)
    users: tuple[UserSettings, ...] | list[UserSettings] = field(default_factory=default_users)
    admin_token: str = field(default="", repr=False)


def person_changed(user: UserSettings, changes: Mapping[str, Any]) -> UserSettings:
    """Return `user` with JSON `changes` applied; raise SettingsError naming a field that does not fit."""
    known = {item.name: item.type for item in fields(UserSettings) if item.name != "sub"}
    if unknown := changes.keys() - known.keys():
        raise SettingsError(f"{', '.join(sorted(unknown))} cannot be set; use {', '.join(sorted(known))}.")
    return replace(user, **{name: _typed(name, value, known[name]) for name, value in changes.items()})


def changed(client: ClientSettings, changes: Mapping[str, Any]) -> ClientSettings:
    """Return `client` with JSON `changes` applied; raise SettingsError naming a field that does not fit."""
    known = {item.name: item.type for item in fields(ClientSettings)}
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in known:
            raise SettingsError(f"{name!r} is not a setting of a client; use {', '.join(sorted(known))}.")
        values[name] = _faults(value) if name == "fail_next" else _typed(name, value, known[name])
    return replace(client, **values)


def client_from(entry: Mapping[str, Any]) -> ClientSettings:
    """Make a client from a JSON object; raise SettingsError when it cannot work."""
    client_id = entry.get("client_id")
    if not isinstance(client_id, str) or not client_id:
        raise SettingsError("A client needs a client_id (a text that is not empty).")
    blank = ClientSettings(client_id, name=client_id, auth_methods=("none",), redirect_uris=("http://localhost/",))
    secret = {} if entry.get("secret") is None else {"auth_methods": ["client_secret_basic", "client_secret_post"]}
    return changed(blank, {"redirect_uris": [], **secret, **entry})


def load_clients(path: Path) -> tuple[ClientSettings, ...]:
    """Read `{"clients": [...]}` from a JSON file; raise SettingsError saying what is wrong with it."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"Cannot read the clients file {path}: {error.strerror}.") from error
    except ValueError as error:
        raise SettingsError(f"The clients file {path} is not JSON: {error}.") from error
    entries = document.get("clients") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SettingsError(f'The clients file {path} must look like {{"clients": [{{"client_id": ...}}]}}.')
    return tuple(client_from(entry) for entry in entries)


def _subset(client_id: str, name: str, given: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    """Raise SettingsError when `given` names something outside `allowed`."""
    if unknown := [item for item in given if item not in allowed]:
        raise SettingsError(f"{client_id}: {name} has {', '.join(unknown)}; use some of {', '.join(allowed)}.")


def _typed(name: str, value: Any, wanted: Any) -> Any:
    """Return a JSON value as the dataclass wants it; raise SettingsError when the type does not fit."""
    if wanted == tuple[str, ...]:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise SettingsError(f"{name} must be a list of texts.")
    options = get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
    if float in options and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) in options:
        return value
    words = {
        str: "a text",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        type(None): "null",
    }
    raise SettingsError(f"{name} must be {' or '.join(words[option] for option in options)}.")


def _faults(value: Any) -> tuple[Fault, ...]:
    """Read a list of fault names or `{kind, times, grant_type}` objects."""
    if not isinstance(value, list | tuple):
        raise SettingsError("fail_next must be a list of faults.")
    found = []
    for item in value:
        entry = {"kind": item} if isinstance(item, str) else item
        if not isinstance(entry, dict) or not isinstance(entry.get("kind"), str) or entry.keys() - _FAULT_FIELDS:
            raise SettingsError('fail_next entries look like {"kind": "server_error", "times": 2}.')
        if type(entry.get("times", 1)) is not int:
            raise SettingsError("fail_next: times must be a whole number.")
        found.append(Fault(**entry))
    return tuple(found)


_FAULT_FIELDS: Final = {"kind", "times", "grant_type", "endpoint", "value"}
