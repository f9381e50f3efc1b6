"""Following a share link: straight to the content, the secret out of sight; or why not."""

from pathlib import Path

from starlette.responses import Response

from server.db.engine import Database
from server.links.entrance import Entrance, address
from server.links.links import Links
from server.web.csrf import Csrf
from server.web.screens import Screens
from tests.unit.server.standing import open_standing
from tests.unit.server.web.asking import asking


async def test_a_link_leads_to_its_content_and_is_kept_for_it_alone(db: Database, tmp_path: Path):
    async with open_standing(db, tmp_path) as desk:
        links = Links(db, desk.trail, secure=False)
        entrance = Entrance(links, Screens(Csrf(desk.keyring, ()), "http://localhost", https=False))

        async def followed(secret: str) -> Response:
            request = asking("GET", f"/__share__/{secret}")
            request.scope["path_params"] = {"secret": secret}
            request.scope["state"]["request_id"] = "r"
            return await entrance.enter(request)

        row, secret = await links.make(desk.who["owner"], desk.view, "", None)
        assert address("http://localhost", secret) == f"http://localhost/__share__/{secret}"
        reply = await followed(secret)
        assert (reply.status_code, reply.headers["location"]) == (303, f"/content/{desk.guid}/")
        assert (reply.headers["referrer-policy"], reply.headers["cache-control"]) == ("no-referrer", "no-store")
        assert f"Path=/content/{desk.guid}/;" in reply.headers["set-cookie"]
        await links.revoke(desk.who["owner"], desk.view, row.guid)
        for gone in (secret, "x"):
            reply = await followed(gone)
            assert reply.status_code == 404
            assert b"Ask the person who sent it" in reply.body
            assert "set-cookie" not in reply.headers
            assert secret.encode() not in reply.body
    assert [route.path for route in entrance.routes()] == ["/__share__/{secret}"]
