"""A provider that answers what a test scripts, and a client settings factory."""

import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from integrations.contract import ClientConfig, Secret
from integrations.http import OutboundClient

# A .hypothesis folder in the project root makes the next collection of it warn, and warnings are errors.
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "tabard-hypothesis")

Answer = httpx.Response | Exception


class Provider:
    """Records each request and gives the next scripted answer; the last one repeats."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: list[Answer] = []
        self.client = OutboundClient(allow_local=False, transport=httpx.MockTransport(self._answer))

    def says(self, status: int = 200, **kwargs: Any) -> None:
        self.answers.append(httpx.Response(status, **kwargs))

    def fails(self, error: Exception) -> None:
        self.answers.append(error)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.requests[-1].content.decode(), keep_blank_values=True)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    scripted = Provider()
    yield scripted
    await scripted.client.aclose()


@pytest.fixture
def make_config() -> Callable[..., ClientConfig]:
    def make(**changes: Any) -> ClientConfig:
        values: dict[str, Any] = {
            "template": "custom",
            "auth_type": "Viewer",
            "authorization_uri": "https://idp.example.com/authorize",
            "token_uri": "https://idp.example.com/token",
            "client_id": "the-client",
            "client_secret": Secret("CANARY-secret"),
            "scopes": ("read", "offline_access"),
        }
        return ClientConfig(**{**values, **changes})

    return make
