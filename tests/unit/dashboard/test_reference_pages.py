"""The API to read: every route is on it, can be found, and is told in full where its link leads."""

import re

from dashboard.reference_pages import slug_of
from server.api import api_routes
from server.web.areas import area
from server.web.openapi import name_of
from tests.unit.dashboard.rig import Rig

BUDGET = 100_000


async def test_every_route_is_listed_and_its_link_leads_to_it(rig: Rig) -> None:
    alice = await rig.browser("alice")
    index = (await alice.get("/__docs__/api")).text
    pages: dict[str, str] = {}
    for route in api_routes(rig.services):
        slug = slug_of(area(route.path))
        assert f'href="/__docs__/api/{slug}#{name_of(route)}"' in index
        if slug not in pages:
            reply = await alice.get(f"/__docs__/api/{slug}")
            assert reply.status_code == 200
            assert len(reply.content) < BUDGET, slug
            pages[slug] = reply.text
        assert f'id="{name_of(route)}"' in pages[slug]
    assert len(index) < BUDGET
    for slug, page in pages.items():
        here = set(re.findall(r'id="([^"]+)"', page))
        assert set(re.findall(r'href="#([^"]+)"', page)) <= here | {"main"}, slug


async def test_the_search_and_an_area_that_is_not_there(rig: Rig) -> None:
    alice = await rig.browser("alice")
    found = (await alice.get("/__docs__/api/list?q=DEPLOY+post")).text
    assert "/deploy" in found
    assert "/v1/users" not in found
    assert "<html" not in found
    nothing = (await alice.get("/__docs__/api?q=%3Cscript%3E")).text
    assert "Nothing matches “&lt;script&gt;”" in nothing
    assert (await alice.get("/__docs__/api/nothing")).status_code == 404


async def test_only_who_is_signed_in_reads_it(rig: Rig) -> None:
    nobody = await rig.browser()
    assert (await nobody.get("/__docs__/api")).headers["location"].startswith("/__login__?next=/__docs__/api")
