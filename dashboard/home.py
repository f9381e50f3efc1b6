"""Home: what a person can open, searched as they type, as cards or (for publishers) as a table."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.health import health, known_kind
from dashboard.views.home import ContentCard, Home, Trouble
from server.accounts.own_keys import administrators
from server.content import overview
from server.content.overview import Item
from server.health.health import Trouble as Troubled
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
        """The whole page; administrators read first what does not work."""
        view = await self._view(request, caller)
        if caller.has("administrator"):
            view = replace(view, troubles=tuple(_trouble(one) for one in await self._services.health.troubles()))
        return self._desk.show("home", view)

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


def _trouble(one: Troubled) -> Trouble:
    if one.broken:
        return Trouble(guid=one.guid, name=one.name, words=f"does not work. {one.broken}", grave=True)
    if one.warning == "expired":
        return Trouble(guid=one.guid, name=one.name, words="has a client secret that has ended.", grave=True)
    left = "within a day" if not one.days_left else f"in {one.days_left} {'day' if one.days_left == 1 else 'days'}"
    return Trouble(guid=one.guid, name=one.name, words=f"has a client secret that ends {left}.", grave=False)
