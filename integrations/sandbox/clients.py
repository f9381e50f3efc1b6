"""Owns the registered clients while the provider runs: what each may do, and which fault plays next."""

import re
import secrets
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin

from integrations.sandbox.settings import ClientSettings, Fault

LOOPBACK_HOSTS: Final = {"localhost", "127.0.0.1", "::1"}
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Client(ClientMixin):  # type: ignore[misc]
    """A client's current settings, in the words Authlib asks its questions in."""

    def __init__(self, settings: ClientSettings) -> None:
        """Wrap `settings`; a new object is made whenever they change."""
        self.settings = settings
        self.client_id = settings.client_id

    def get_client_id(self) -> str:
        """Return the public identifier."""
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Return the only registered address; with several, a request has to name one (RFC 6749 3.1.2.3)."""
        uris = self.settings.redirect_uris
        return uris[0] if len(uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the scopes to grant (all when none are asked for), or None when one is not allowed."""
        if not scope:
            return " ".join(one for one in self.settings.scopes if not one.endswith("*"))
        wanted = scope.split()
        return " ".join(dict.fromkeys(wanted)) if all(self._knows(one) for one in wanted) else None

    def _knows(self, scope: str) -> bool:
        """Say whether the scope is listed, or begins like a listed one that ends in `*`."""
        listed = self.settings.scopes
        return scope in listed or any(one.endswith("*") and scope.startswith(one[:-1]) for one in listed)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Say whether the address is registered: exactly, or on any loopback port (RFC 8252 section 7.3)."""
        if redirect_uri in self.settings.redirect_uris:
            return True
        return self.settings.any_loopback_redirect and _is_loopback_twin(redirect_uri, self.settings.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare in constant time."""
        expected = (self.settings.secret, self.settings.second_secret)
        given = client_secret.encode()
        return any(one is not None and secrets.compare_digest(one.encode(), given) for one in expected)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Say whether this client may authenticate by `method`; a client with a secret never by `none`."""
        if method == "none":
            return self.settings.secret is None
        return method in self.settings.auth_methods

    def check_response_type(self, response_type: str) -> bool:
        """Say whether the client may start the authorization code flow."""
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        """Say whether the client may use the grant."""
        return grant_type in self.settings.grant_types


class ClientRegistry:
    """All clients by id; settings are replaced whole, never edited."""

    def __init__(self, clients: tuple[ClientSettings, ...]) -> None:
        """Register `clients`; a later one of the same id wins."""
        self._clients = {client.client_id: Client(client) for client in clients}

    def get(self, client_id: str | None) -> Client | None:
        """Return the client, or None."""
        return self._clients.get(client_id) if client_id else None

    def all(self) -> list[ClientSettings]:
        """Return every client's current settings."""
        return [client.settings for client in self._clients.values()]

    def put(self, settings: ClientSettings) -> None:
        """Register or replace a client."""
        self._clients[settings.client_id] = Client(settings)

    def take_fault(self, client_id: str | None, grant_type: str | None, endpoint: str = "token") -> Fault | None:
        """Return the first scripted fault that fits this request, and use it up once."""
        client = self.get(client_id)
        if client is None:
            return None
        script = client.settings.fail_next
        for place, fault in enumerate(script):
            if fault.grant_type in {None, grant_type} and fault.endpoint == endpoint:
                rest = (replace(fault, times=fault.times - 1),) if fault.times > 1 else ()
                self.put(replace(client.settings, fail_next=(*script[:place], *rest, *script[place + 1 :])))
                return fault
        return None


def _is_loopback_twin(redirect_uri: str, registered: tuple[str, ...]) -> bool:
    """Say whether the address is http on a loopback host with the path of a registered one."""
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS and port != 0
    bare = not (parts.query or parts.fragment or parts.username or parts.password)
    paths = [urlsplit(known).path for known in registered]
    # Tabard has one callback for all integrations, and one below it for each.
    own = any(_GUID.fullmatch(parts.path.removeprefix(f"{path}/")) for path in paths)
    return plain and bare and (own or parts.path in paths)
