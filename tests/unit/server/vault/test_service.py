"""Service accounts' tokens: shared while they last, one request at a time, nothing at rest."""

import asyncio

import httpx
import pytest

from server.oauth.integrations import Draft
from server.vault.errors import IntegrationBroken, NotConnected, TryLater
from tests.unit.server.vault.house import House


async def made(house: House):
    admin = await house.person("admin", "administrator")
    return admin, await house.integration(admin, auth_type="Service Account")


async def test_a_token_is_shared_while_it_lasts(house: House):
    _, integration = await made(house)
    answers = await asyncio.gather(*(house.vault.service.service_token(integration.id) for _ in range(50)))
    assert {answer.access_token.reveal() for answer in answers} == {"at-service-1"}
    assert (await house.vault.service.service_token(integration.id)).expires_in >= 3590
    assert len(house.provider.of("client_credentials")) == 1
    await house.vault.service.service_token(integration.id, anew=True)
    assert len(house.provider.of("client_credentials")) == 2


async def test_a_short_token_is_asked_for_again(house: House):
    _, integration = await made(house)
    house.provider.lifetime = 0.001
    for _ in range(3):
        assert (await house.vault.service.service_token(integration.id)).expires_in == 0
    assert len(house.provider.of("client_credentials")) == 3


async def test_a_changed_integration_gets_a_new_token(house: House):
    admin, integration = await made(house)
    await house.vault.service.service_token(integration.id)
    draft = Draft(config={"scopes": "other"}, sent=frozenset({"config"}))
    await house.integrations.change(admin.caller, integration.guid, draft)
    await house.vault.service.service_token(integration.id)
    assert [form.get("scope") for form in house.provider.of("client_credentials")] == [
        "read offline_access",
        "other",
    ]


async def test_trouble_is_told_apart(house: House):
    admin, integration = await made(house)
    house.provider.fault = lambda _: httpx.Response(503, headers={"Retry-After": "9"})
    for _ in range(5):
        with pytest.raises(TryLater) as caught:
            await house.vault.service.service_token(integration.id)
    assert 8 < caught.value.retry_after <= 9
    assert len(house.provider.of("client_credentials")) == 1
    house.provider.fault = None
    draft = Draft(config={"client_secret": "wrong"}, sent=frozenset({"config"}))
    await house.integrations.change(admin.caller, integration.guid, draft)
    with pytest.raises(IntegrationBroken):
        await house.vault.service.service_token(integration.id)


async def test_a_viewer_integration_is_no_service_account(house: House):
    admin, _ = await made(house)
    viewer = await house.integration(admin)
    with pytest.raises(NotConnected):
        await house.vault.service.service_token(viewer.id)
    assert house.provider.requests == []
