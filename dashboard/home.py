"""Home: what a person can open, searched as they type, as cards or (for publishers) as a table."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.health import health, known_kind
from dashboard.views.home import ContentCard, Home
from server.accounts.own_keys import administrators
from server.content import overview
from server.content.overview import Item
from server.pages.views import Contact
from server.web.caller import Caller

LONGEST_QUERY = 200
# More cards than anybody looks through, and a page that stays quick.
MOST_SHOWN = 120


class HomePages:
    """`/` and the grid alone at `/home/cards`."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services

    async def home(self, request: Request, caller: Caller) -> Response:
        """The whole page."""
        return self._desk.show("home", await self._view(request, caller))

    async def cards(self, request: Request, caller: Caller) -> Response:
        """The grid, while somebody types a search."""
        return self._desk.part("home_cards", await self._view(request, caller))

    async def _view(self, request: Request, caller: Caller) -> Home:
        query = request.query_params.get("q", "")[:LONGEST_QUERY]
        found = await self._services.db.read(overview.found, caller, query, MOST_SHOWN)
        table = caller.has("publisher") and request.query_params.get("view") == "table"
        return Home(
            page=self._desk.page(request, caller, "Home", "home"),
            cards=tuple(self._card(item, caller) for item in found.items),
            found=found.matching,
            query=query,
            layout="table" if table else "cards",
            total=found.total,
            askable=() if found.total or caller.has("publisher") else await self._askable(),
        )

    def _card(self, item: Item, caller: Caller) -> ContentCard:
        return ContentCard(
            guid=item.guid,
            title=item.title,
            kind=known_kind(item.app_mode),
            owner=item.owner_name,
            health=health(self._services.pool, item.guid, item.app_mode, item.bundle_id, failed=item.failed),
            as_you=item.as_you,
            mine=item.editable_by(caller),
            opens=item.bundle_id is not None and item.open_to(caller),
            version=str(item.bundle_id or ""),
            deployed=item.deployed,
            picture=item.picture,
        )

    async def _askable(self) -> tuple[Contact, ...]:
        """Names only: viewers do not see other people's e-mail addresses."""
        people = await self._services.db.read(administrators)
        return tuple(Contact(name=overview.name_of(person)) for person in people)

    def routes(self) -> list[Route]:
        """The addresses of this screen."""
        return [self._desk.route("GET", "/", self.home), self._desk.route("GET", "/home/cards", self.cards)]
