"""The Info tab gives an item an address of its own, tags and a picture, and says what is wrong where it is typed."""

import html

from server.tags import store as tags
from tests.unit.dashboard.rig import Rig
from tests.unit.server.thumbnails.pictures import png


async def test_an_address_of_its_own(rig: Rig) -> None:
    guid, other = await rig.content("pat", "Sales"), await rig.content("pat", "Other")
    pat = await rig.browser("pat")
    page = await pat.told(await pat.post(f"/apps/{guid}/info/path", {"path": " finance/Sales "}))
    assert "http://localhost:3939/finance/Sales/" in page
    assert 'value="finance/Sales"' in page
    for typed, says in (("finance/sales", "has this path already"), ("connect", "server's own"), ("a b", "letters")):
        taken = await pat.post(f"/apps/{other}/info/path", {"path": typed})
        assert taken.status_code == 400
        shown = html.unescape(taken.text)
        assert f'value="{typed}"' in shown
        assert says in shown
        assert "force" not in shown
    assert "no longer has an address" in await pat.told(await pat.post(f"/apps/{guid}/info/path", {"path": ""}))
    assert "has no address" in await pat.told(await pat.post(f"/apps/{guid}/info/path", {"path": ""}))


async def test_tags_are_hung_and_taken_off(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales")
    pat = await rig.browser("pat")
    assert "no tags on this server yet" in (await pat.get(f"/apps/{guid}/info")).text
    db = rig.services.db
    category = (await db.write(tags.add, "Team", None)).id or 0
    upper = (await db.write(tags.add, "Finance", category)).id or 0
    lower = (await db.write(tags.add, "North", upper)).id or 0
    page = (await pat.get(f"/apps/{guid}/info")).text
    assert f'<option value="{lower}">Finance › North</option>' in page
    page = await pat.told(await pat.post(f"/apps/{guid}/info/tags", {"tag_id": str(lower)}))
    assert "Take off Finance" in page
    assert "Take off North" in page
    assert "<option" not in page
    for wrong in ("", "x", "99999", "9" * 15, str(category)):
        assert (await pat.post(f"/apps/{guid}/info/tags", {"tag_id": wrong})).status_code == 400, wrong
    page = await pat.told(await pat.post(f"/apps/{guid}/info/tags/{upper}/remove"))
    assert "Take off" not in page


async def test_a_picture_in_place_of_the_drawing(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales")
    pat = await rig.browser("pat")
    address = f"/__api__/v1/content/{guid}/thumbnail?"
    page = await pat.told(await pat.send(f"/apps/{guid}/info/picture", png()))
    assert f'src="{address}' in page
    for file, says in ((b"<svg/>", "PNG, JPEG, GIF or WebP"), (b"", "Choose a picture first.")):
        refused = await pat.send(f"/apps/{guid}/info/picture", file)
        assert (refused.status_code, says in refused.text, address in refused.text) == (400, True, True)
    assert (await pat.send(f"/apps/{guid}/info/picture", b"x" * 6_000_000)).status_code == 413
    assert address not in await pat.told(await pat.post(f"/apps/{guid}/info/picture/remove"))


async def test_only_those_who_may_change_it_and_only_from_our_own_page(rig: Rig) -> None:
    guid = await rig.content("pat", "Sales", access="logged_in")
    alice, eve = await rig.browser("alice"), await rig.browser("eve", "publisher")
    for path in ("path", "tags", "tags/1/remove", "picture/remove"):
        for who in (alice, eve):
            assert (await who.post(f"/apps/{guid}/info/{path}", {"path": "x", "tag_id": "1"})).status_code == 403
    pat = await rig.browser("pat")
    assert (await alice.send(f"/apps/{guid}/info/picture", png())).status_code == 403
    assert (await pat.send(f"/apps/{guid}/info/picture", png(), csrf="wrong")).status_code == 403
    assert (await pat.post(f"/apps/{guid}/info/path", [("path", "x"), ("csrf", "wrong")])).status_code == 403
    found = await rig.services.db.read(tags.listing)
    assert found == []
