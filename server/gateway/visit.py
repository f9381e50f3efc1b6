"""The one order of a visit's steps, for HTTP and WebSocket alike; there is no second, weaker path."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from runners.published import Published
from server.access.policy import Allowed, Denied, SignInFirst, decide, may_edit
from server.consent.check import Connected, Consent, Missing, NoGuests
from server.content.directory import Directory
from server.content.view import ContentView
from server.gateway import obstacles
from server.gateway.acquire import Acquirer, CannotStart, Opened, Routed, StillStarting
from server.gateway.introduce import Introductions
from server.gateway.obstacles import Obstacle
from server.links.links import Links
from server.loans.store import LoanView
from server.oauth.associations import Associations
from server.proxy.contract import Destination, Header
from server.proxy.upstream import Upstream
from server.routing import address
from server.routing.address import Address
from server.sessions.handles import Handles
from server.sessions.identify import Sessions
from server.sessions.signatures import Line
from server.web.caller import BadCredential, Caller

# A visit that waited for a start is decided anew; apps that end as fast as they start do not make this endless.
MOST_WALKS = 3
# Where clients look for a content item's picture, below its own address (connect-api.md 2.2).
# What browsers say a request is for (Fetch, request destinations), of what only a page's own markup or code loads.
PIECES = frozenset({b"script", b"style", b"font", b"image", b"worker", b"audioworklet"})
THUMBNAIL = "/__thumbnail__"


@dataclass(frozen=True)
class Shelved:
    """Files that the gateway serves itself: which, the raw path below the base path, and the query."""

    published: Published
    base_path: str
    inside: str
    query: str


@dataclass(frozen=True)
class Visit:
    """A visit that may pass: where it goes, and for whom. `inside` is the raw path below the content's address."""

    caller: Caller
    view: ContentView
    destination: Destination | Shelved
    waited: bool = False
    bundle_id: int = 0
    draft: bool = False
    inside: str = ""
    lent: tuple[LoanView, ...] = ()


class Visits:
    """address → identify → access → consent → acquire → destination, an instance or files."""

    def __init__(
        self,
        sessions: Sessions,
        directory: Directory,
        associations: Associations,
        links: Links,
        consent: Consent,
        acquirer: Acquirer,
        handles: Handles,
        origins: tuple[str, ...],
    ) -> None:
        self._sessions, self._directory, self._associations, self._links = sessions, directory, associations, links
        self._consent, self._acquirer, self._introductions = consent, acquirer, Introductions(handles)
        self._origin, self._origins = origins[0], frozenset(o.encode() for o in origins)

    async def decide(
        self,
        target: bytes,
        headers: tuple[Header, ...],
        *,
        method: str = "GET",
        socket: bool,
        patience: float | None,
    ) -> Visit | Obstacle:
        """Walk the steps. `patience` bounds the wait for a starting app in seconds; None waits."""
        # What an app does with a body cannot be taken back, so a signed visit has none to check.
        line = Line(method, target, empty=True)
        for _ in range(MOST_WALKS):
            before = self._epochs()
            found = await self._walk(line, headers, socket=socket, patience=patience)
            # While an app starts or the database is read, somebody may sign out or lose access: what was decided
            # by what was known before counts no more.
            if not isinstance(found, Visit) or not (found.waited or before != self._epochs()):
                break
        return found

    def _epochs(self) -> tuple[int, int]:
        return self._sessions.epoch, self._directory.epoch

    async def _walk(
        self, line: Line, headers: tuple[Header, ...], *, socket: bool, patience: float | None
    ) -> Visit | Obstacle:
        found = address.find(line.target)
        caller = await self._sessions.identify(headers, line)
        if isinstance(caller, BadCredential):
            return obstacles.BadIdentity(caller)
        if found is None:
            return obstacles.Nothing(caller) if caller.signed_in else obstacles.SignIn()
        if socket and not self._own_origin(headers):
            return obstacles.ForeignOrigin()
        view = await self._directory.by_guid(found.content_guid)
        if view is None:
            return obstacles.Nothing(caller) if caller.signed_in else obstacles.SignIn()
        caller, allowed = await self._admit(caller, view, headers)
        if isinstance(allowed, SignInFirst):
            return obstacles.SignIn()
        if socket and caller.via not in ("key", "content", "visitor") and not _says_origin(headers):
            return obstacles.ForeignOrigin()
        if isinstance(allowed, Denied) or (found.bundle_id is not None and not may_edit(caller, view)):
            return obstacles.NotAllowed(caller, view)
        if found.inside == THUMBNAIL and found.bundle_id is None and not socket:
            return obstacles.Pictured(caller, view)
        if not found.inside and not socket:
            return obstacles.Elsewhere(found.base_path + "/" + (f"?{found.query}" if found.query else ""))
        if view.locked:
            return obstacles.Locked(caller, view)
        bundle_id = view.bundle_id if found.bundle_id is None else found.bundle_id
        if bundle_id is None:
            return obstacles.Nothing(caller, view)
        return await self._connect(caller, view, found, bundle_id, line, headers, patience)

    async def _admit(
        self, caller: Caller, view: ContentView, headers: tuple[Header, ...]
    ) -> tuple[Caller, Allowed | SignInFirst | Denied]:
        """Whether the caller may look; who may not by herself may as the guest of a share link."""
        allowed = decide(caller, view)
        if not isinstance(allowed, Allowed) and caller.via in ("session", "anonymous"):
            guest = await self._links.guest(headers, view)
            if guest is not None:
                return guest, decide(guest, view)
        return caller, allowed

    async def _connect(
        self,
        caller: Caller,
        view: ContentView,
        found: Address,
        bundle_id: int,
        line: Line,
        headers: tuple[Header, ...],
        patience: float | None,
    ) -> Visit | Obstacle:
        associations = await self._associations.for_content(view.guid)
        connected: Connected | Missing | NoGuests = await self._consent.check(caller, view, associations)
        if isinstance(connected, Missing):
            if not _is_piece(headers):
                return obstacles.NotConnected(caller, view, connected)
            connected = Connected(caller, view, waived=True)
        if isinstance(connected, NoGuests):
            return obstacles.NotForGuests(caller, view, connected)
        draft = found.bundle_id is not None
        routed = await self._acquirer.acquire(connected, bundle_id, draft=draft, patience=patience)
        if isinstance(routed, Opened):
            files = Shelved(routed.published, found.base_path, found.inside, found.query)
            return Visit(caller, view, files, routed.waited, bundle_id, draft, found.inside, connected.lent)
        if isinstance(routed, StillStarting):
            return obstacles.NotReady(caller, view, routed)
        if isinstance(routed, CannotStart):
            return obstacles.NotRunning(caller, view, routed, may_edit(caller, view))
        if _closed(found, routed):
            return obstacles.Nothing(caller, view)
        destination = self._destination(caller, view, found, routed, line.target)
        return Visit(caller, view, destination, routed.waited, bundle_id, draft, found.inside, connected.lent)

    def _own_origin(self, headers: tuple[Header, ...]) -> bool:
        """Whether what a handshake says of its origin is one of ours (RFC 6455 section 10.2, security.md G-16).

        Only scripts leave Origin out, and they show a key; a browser always sends it.
        """
        sent = [value for name, value in headers if name == b"origin"]
        return not sent or (len(sent) == 1 and sent[0] in self._origins)

    def _destination(
        self, caller: Caller, view: ContentView, found: Address, routed: Routed, target: bytes
    ) -> Destination:
        link = routed.live.link
        assert isinstance(link, Upstream)
        strips = not routed.live.kind.traits.keeps_base_path
        introduction = self._introductions.of(caller, view, routed.live)
        return Destination(
            upstream=link,
            target=found.below if strips else target,
            inject=introduction.headers,
            public_origin=self._origin,
            base_path=found.base_path,
            tags=introduction.tags,
            stripped=strips,
        )


def _is_piece(headers: tuple[Header, ...]) -> bool:
    """Whether a page that is open already asks for a piece of itself: a connection that ended meanwhile must not keep
    the app from saying so. Access was checked, and tokens are the exchange's to refuse.
    """
    said = dict(headers)
    return said.get(b"sec-fetch-site") == b"same-origin" and said.get(b"sec-fetch-dest") in PIECES


def _says_origin(headers: tuple[Header, ...]) -> bool:
    return any(name == b"origin" for name, _value in headers)


def _closed(found: Address, routed: Routed) -> bool:
    """Whether the path is one the framework opens to everybody and no viewer needs (frameworks.md 3.2).

    Compared as the app will read it, percent-decoded. Closed too is what would begin with "//" once the base path
    is gone: servers read a host in it (RFC 9112 section 3.2.1), and apps redirect to that.
    """
    traits = routed.live.kind.traits
    if not traits.keeps_base_path and found.below.startswith(b"//"):
        return True
    path = unquote(found.inside) if "%" in found.inside else found.inside
    return any(path == closed or path.startswith(closed + "/") for closed in traits.closed_paths)
