"""Telling providers that tokens are unwanted: each kind in its own way, again when it fails, across restarts."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from integrations.contract import ClientConfig, Secret
from server.db.models import AuditEvent, Revocation
from server.vault import revoker as module
from server.vault.background import Background
from server.vault.revoker import Revoker, Tokens, Whose
from server.vault.unwanted import Rows
from tests.unit.server.vault.house import House, until

CONFIG = ClientConfig(
    template="custom", auth_type="Viewer", token_uri="https://p/token", client_id="c", revocation_uri="https://p/revoke"
)
BOTH = Tokens(Secret("CANARY-a"), Secret("CANARY-r"))
WHOSE = Whose("integration", "connection", "user")


class Desk:
    """A revoker over a real table, and what it sends to a provider that answers as told."""

    def __init__(self, house: House) -> None:
        self.house, self.background = house, Background()
        self.sent: list[tuple[str, str, str]] = []
        self.answers: list[str] = []
        self.made = self.revoker()

    def revoker(self, current: Any = lambda *_: None) -> Revoker:
        rows = Rows(self.house.keyring, self.house.time)
        client: Any = None
        terms: dict[str, Any] = {"trail": self.house.trail, "clock": self.house.time, "current": current}
        return Revoker(self.house.db, rows, client, self.background, **terms)

    async def tell(self, _client: object, config: ClientConfig, token: Secret, hint: str) -> str:
        secret = "" if config.client_secret is None else config.client_secret.reveal()
        self.sent.append((token.reveal(), hint, secret))
        return self.answers.pop(0) if self.answers else "done"

    def left(self) -> int:
        return len(self.house.rows(Revocation))

    async def events(self) -> list[tuple[str, str]]:
        await self.house.trail.aclose()
        rows = self.house.rows(AuditEvent)
        return [(row.action, row.data["reason"]) for row in rows if "revo" in row.action]


@pytest.fixture
def desk(house: House, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(house)
    monkeypatch.setattr(module, "tell", made.tell)
    monkeypatch.setattr(module, "FIRST", 0.02)
    return made


@pytest.mark.parametrize(
    ("tokens", "style", "sent"),
    [
        (BOTH, "rfc7009", [("CANARY-r", "refresh_token", "")]), (BOTH, "github", [("CANARY-a", "access_token", "")]),
        (Tokens(Secret("a"), None), "rfc7009", [("a", "access_token", "")]), (Tokens(None, None), "rfc7009", []),
        (Tokens(None, Secret("r")), "github", []),
    ],
)  # fmt: skip
async def test_which_token_is_sent(desk: Desk, tokens: Tokens, style: Any, sent: list[tuple[str, str, str]]):
    desk.made.later(replace(CONFIG, revocation_style=style), tokens, WHOSE)
    await desk.background.aclose()
    assert desk.sent == sent
    assert desk.left() == 0
    assert "CANARY" not in repr(tokens)


async def test_it_tries_until_the_provider_has_taken_it(desk: Desk):
    desk.answers = ["again", "again", "done"]
    desk.made.later(CONFIG, BOTH, WHOSE)
    await until(lambda: len(desk.sent) == 3)
    await desk.background.aclose()
    assert desk.left() == 0
    assert await desk.events() == [("revoke_oauth_token", "")]


async def test_what_a_server_leaves_behind_its_next_start_sends(desk: Desk, house: House):
    desk.answers = ["again"]
    desk.made.later(CONFIG, BOTH, WHOSE)
    await until(lambda: desk.left() == 1)
    await desk.background.aclose()
    assert (len(desk.sent), desk.left()) == (1, 1)
    kept = house.rows(Revocation)[0]
    assert b"CANARY" not in kept.sealed
    house.time.ahead += 60
    desk.background = Background()
    keeping = asyncio.create_task(desk.revoker().keep_house())
    await until(lambda: desk.left() == 0)
    keeping.cancel()
    await desk.background.aclose()
    assert [token for token, _, _ in desk.sent] == ["CANARY-r", "CANARY-r"]


@pytest.mark.parametrize("answer", ["refused", "no_way"])
async def test_what_a_provider_never_revokes_is_noted_and_not_tried_again(desk: Desk, answer: str):
    desk.answers = [answer]
    desk.made.later(CONFIG, BOTH, WHOSE)
    await until(lambda: bool(desk.sent))
    await desk.background.aclose()
    assert desk.left() == 0
    assert await desk.events() == [("abandon_oauth_revocation", "unsupported_token_type")]


async def test_after_a_week_it_is_given_up(desk: Desk, house: House):
    desk.answers = ["again"] * 3
    desk.made.later(CONFIG, BOTH, WHOSE)
    await until(lambda: len(desk.sent) == 1)
    house.time.ahead += 7 * 86400 + 1
    desk.made.wake()
    await until(lambda: desk.left() == 0)
    await desk.background.aclose()
    assert (await desk.events())[-1] == ("abandon_oauth_revocation", "no_answer")


async def test_what_does_not_open_is_given_up(desk: Desk, house: House):
    desk.answers = ["again"]
    desk.made.later(CONFIG, BOTH, WHOSE)
    await until(lambda: len(desk.sent) == 1)
    await desk.background.aclose()
    with house.change(Revocation) as rows:
        rows[0].sealed = b"broken"
    house.time.ahead += 60
    desk.background = Background()
    desk.revoker().wake()
    await until(lambda: desk.left() == 0)
    await desk.background.aclose()
    assert (len(desk.sent), (await desk.events())[-1]) == (1, ("abandon_oauth_revocation", "damaged"))


async def test_what_another_gateway_sealed_under_a_key_we_lack_waits_for_it(desk: Desk, house: House):
    desk.answers = ["again"]
    desk.made.later(CONFIG, BOTH, WHOSE)
    await until(lambda: len(desk.sent) == 1)
    await desk.background.aclose()
    with house.change(Revocation) as rows:
        sealed = rows[0].sealed
        rows[0].sealed = sealed[:1] + bytes(4) + sealed[5:]
    for ahead, attempts in ((60, [2]), (8 * 24 * 3600, [])):
        house.time.ahead += ahead
        desk.background = Background()
        desk.revoker().wake()
        await until(lambda want=attempts: [row.attempts for row in house.rows(Revocation)] == want)
        await desk.background.aclose()
        assert desk.left() == len(attempts)
    assert (len(desk.sent), (await desk.events())[-1]) == (1, ("abandon_oauth_revocation", "damaged"))


async def test_the_secret_of_today_is_used(desk: Desk):
    today = replace(CONFIG, client_secret=Secret("new"))
    desk.revoker(lambda *_: today).later(replace(CONFIG, client_secret=Secret("old")), BOTH, WHOSE)
    await until(lambda: bool(desk.sent))
    await desk.background.aclose()
    assert desk.sent == [("CANARY-r", "refresh_token", "new")]


async def test_without_an_endpoint_nothing_is_put_down(desk: Desk):
    desk.made.later(replace(CONFIG, revocation_uri=None), BOTH, WHOSE)
    await desk.background.aclose()
    assert (desk.sent, desk.left()) == ([], 0)
