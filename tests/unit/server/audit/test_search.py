"""Searching events by words."""

from server.audit.filters import EVERYTHING, Filters
from server.audit.search import search
from server.web.cursors import Keyset
from tests.unit.server.vault.house import House


async def test_words_name_people_and_sorts_of_events(house: House):
    ann = await house.person("ann_lee")
    await house.person("annulee")
    await house.trail.append(ann.caller, "sign_out")
    await house.trail.append(None, "sign_in", user_guid=ann.guid)
    await house.trail.append(None, "add_api_key")

    async def found(text: str, filters: Filters = EVERYTHING) -> list[str]:
        rows = await house.db.read(search, Keyset(9, ascending=True), filters, text)
        return [event.action for event, _, _ in rows]

    assert await found("N_LEE") == ["sign_out", "sign_in"]
    assert await found("api key") == ["add_api_key"]
    assert await found("  ") == ["sign_out", "sign_in", "add_api_key"]
    assert await found("ann", Filters(action="sign_in")) == ["sign_in"]
    assert await found("%") == []
