"""Telling a provider that tokens are unwanted: each kind in its own way, again when it fails, and never on a pause."""

import asyncio
from dataclasses import replace

import pytest

from integrations.contract import ClientConfig, Secret
from server.vault import revoker as module
from server.vault.background import Background
from server.vault.revoker import TRIES, Revoker, Tokens

CONFIG = ClientConfig(
    template="custom", auth_type="Viewer", token_uri="https://p/token", client_id="c", revocation_uri="https://p/revoke"
)
BOTH = Tokens(Secret("CANARY-a"), Secret("CANARY-r"))


@pytest.fixture
def calls(monkeypatch) -> list[tuple[str, str]]:
    made: list[tuple[str, str]] = []

    async def revoke(_client: object, _config: object, token: Secret, hint: str) -> bool:
        made.append((token.reveal(), hint))
        return answers.pop(0) if answers else True

    monkeypatch.setattr(module, "revoke", revoke)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    answers.clear()
    return made


answers: list[bool] = []


@pytest.mark.parametrize(
    ("tokens", "style", "sent"),
    [
        (BOTH, "rfc7009", [("CANARY-r", "refresh_token")]), (BOTH, "github", [("CANARY-a", "access_token")]),
        (Tokens(Secret("a"), None), "rfc7009", [("a", "access_token")]), (Tokens(None, None), "rfc7009", []),
        (Tokens(None, Secret("r")), "github", []),
    ],
)  # fmt: skip
async def test_which_token_is_sent(calls, tokens: Tokens, style, sent: list[tuple[str, str]]):
    background = Background()
    Revoker(None, background).later(replace(CONFIG, revocation_style=style), [tokens])  # type: ignore[arg-type]
    await background.aclose()
    assert calls == sent
    assert "CANARY" not in repr(tokens)


@pytest.mark.parametrize(("given", "tries"), [([False, True], 2), ([False] * 99, TRIES)])
async def test_it_tries_again_and_gives_up(calls, given: list[bool], tries: int):
    background, idle = Background(), asyncio.all_tasks()
    answers.extend(given)
    Revoker(None, background).later(CONFIG, [BOTH])  # type: ignore[arg-type]
    await asyncio.wait_for(asyncio.gather(*(asyncio.all_tasks() - idle)), 5)
    assert calls == [("CANARY-r", "refresh_token")] * tries


async def test_a_server_that_stops_tries_no_further(calls):
    background = Background()
    answers.extend([False] * 99)
    Revoker(None, background).later(CONFIG, [BOTH, BOTH])  # type: ignore[arg-type]
    await background.aclose()
    assert calls == [("CANARY-r", "refresh_token")] * 2


async def test_without_an_endpoint_nothing_begins(calls):
    background = Background()
    Revoker(None, background).later(replace(CONFIG, revocation_uri=None), [BOTH])  # type: ignore[arg-type]
    Revoker(None, background).later(CONFIG, [])  # type: ignore[arg-type]
    await background.aclose()
    assert calls == []
