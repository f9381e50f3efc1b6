"""The room serves its static files, packed for those who ask."""

from tests.unit.dashboard.rig import Rig


async def test_static_files_are_packed_and_kept(rig: Rig) -> None:
    anybody = await rig.browser()
    packed = await anybody.get("/dashboard-static/dashboard.css", **{"Accept-Encoding": "gzip"})
    plain = await anybody.get("/dashboard-static/dashboard.css", **{"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.headers["cache-control"] == "public, max-age=3600"
    assert (await anybody.get("/dashboard-static/../render.py", Accept="*/*")).status_code == 404


async def test_pages_are_not_packed(rig: Rig) -> None:
    reply = await (await rig.browser("alice")).get("/", **{"Accept-Encoding": "gzip"})
    assert "content-encoding" not in reply.headers
