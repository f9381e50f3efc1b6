"""Archives from an address: what goes wrong has a sentence, and nothing is left."""

from pathlib import Path

import httpx
import pytest

from integrations.http import OutboundClient
from server.bundles.remote import fetch
from server.web.errors import ApiError

URL = "https://files.example.org/b.tar.gz"


async def get(folder: Path, *answers: httpx.Response | Exception, limit: int = 1000) -> bytes:
    waiting = list(answers)

    def answer(_request: httpx.Request) -> httpx.Response:
        found = waiting.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    client = OutboundClient(allow_local=False, transport=httpx.MockTransport(answer))
    try:
        upload = await fetch(client, URL, folder, limit, {"source": "x"})
        assert upload.metadata == {"source": "x"}
        return upload.path.read_bytes()
    finally:
        await client.aclose()


def moved(to: str) -> httpx.Response:
    return httpx.Response(302, headers={"Location": to})


async def test_fetched_also_after_a_redirect(tmp_path: Path):
    assert await get(tmp_path, httpx.Response(200, content=b"abc")) == b"abc"
    assert await get(tmp_path, moved("https://cdn.example.org/?x=y"), httpx.Response(200, content=b"abc")) == b"abc"


@pytest.mark.parametrize(
    ("answers", "refusal", "says"),
    [
        ([httpx.Response(404)], (400, 233), "answers with status 404"),
        ([httpx.Response(200, content=b"")], (400, 135), "empty"),
        ([httpx.Response(200, content=b"x" * 1001)], (413, 135), "larger than 1000 bytes"),
        ([httpx.ConnectError("CANARY")], (400, 233), "Its host does not answer."),
        ([httpx.ReadTimeout("CANARY")], (400, 233), "did not answer in time|too long"),
        ([moved("https://169.254.169.254/latest")], (400, 232), "cloud metadata"),
        ([moved("http://files.example.org/b")], (400, 232), "must use https"),
        ([moved("https://a.example.org/")] * 4, (400, 233), "redirects too often"),
    ],
)  # fmt: skip
async def test_what_goes_wrong(tmp_path: Path, answers: list[httpx.Response], refusal: tuple[int, int], says: str):
    with pytest.raises(ApiError, match=says) as caught:
        await get(tmp_path, *answers)
    assert (caught.value.status, caught.value.code) == refusal
    assert "CANARY" not in caught.value.message
    assert list(tmp_path.iterdir()) == []
