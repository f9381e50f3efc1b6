"""OAuth clients kept: secrets sealed to their row, a change of provider ends connections, upkeep does not."""

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlmodel import Session, select

from integrations.catalog import load
from integrations.http import OutboundClient
from server.db.models import Association, Connection, Integration
from server.keys.keyring import SealBroken
from server.oauth.integrations import ConfigRefused, Draft, Integrations
from server.web.errors import ApiError
from tests.unit.server.vault.house import SECRET, House, config

CONFIG = frozenset({"config"})


async def test_a_secret_is_sealed_to_its_row_and_kept_when_not_sent(house: House):
    admin = await house.person("admin", "administrator")
    one, two = await house.integration(admin), await house.integration(admin)
    assert SECRET not in repr((one.config, one.sealed_secrets))
    assert house.integrations.stored_secrets(one) == {"client_secret"}
    draft = Draft(config={"client_secret": "", "scopes": "read"}, sent=CONFIG)
    kept = await house.integrations.change(admin.caller, one.guid, draft)
    client = house.integrations.client_config(kept)
    assert client.client_secret is not None
    assert (client.client_secret.reveal(), client.scopes) == (SECRET, ("read",))
    two.sealed_secrets = kept.sealed_secrets
    with pytest.raises(SealBroken):
        house.integrations.client_config(two)


async def test_a_second_secret_comes_and_goes_alone(house: House):
    admin = await house.person("admin", "administrator")
    row = await house.integration(admin)

    async def kept(**changes: str | None) -> frozenset[str]:
        draft = Draft(config=changes, sent=CONFIG)
        return house.integrations.stored_secrets(await house.integrations.change(admin.caller, row.guid, draft))

    both = {"client_secret", "second_client_secret"}
    assert await kept(second_client_secret="next") == both
    assert await kept(second_client_secret="") == both
    assert await kept(client_secret="next") == {"client_secret"}
    assert await kept(second_client_secret="another") == both
    assert await kept(second_client_secret=None) == {"client_secret"}


async def test_secrets_that_do_not_open_are_mended_by_entering_them_again(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row, other = await house.integration(admin), await house.integration(admin)
    await house.connected(alice, row)

    def swap(session: Session) -> None:
        found = session.exec(select(Integration).where(Integration.guid == row.guid)).one()
        found.sealed_secrets = other.sealed_secrets
        session.add(found)

    house.db.write_now(swap)
    with pytest.raises(ApiError) as refused:
        await house.integrations.use_second_alone(admin.caller, row.guid)
    assert (refused.value.status, refused.value.code) == (400, 205)
    with pytest.raises(ConfigRefused) as missing:
        await house.integrations.change(admin.caller, row.guid, Draft(config={"scopes": "read"}, sent=CONFIG))
    assert set(missing.value.problems) == {"client_secret"}
    mended = await house.integrations.change(
        admin.caller, row.guid, Draft(config={"client_secret": SECRET}, sent=CONFIG)
    )
    client = house.integrations.client_config(mended)
    assert client.client_secret is not None
    assert client.client_secret.reveal() == SECRET
    assert house.connection().status == "connected"


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({"client_secret": "new"}, False), ({"scopes": "read"}, False), ({"client_id": "other"}, True),
        ({"token_uri": "https://elsewhere.example.com/token"}, True),
    ],
)  # fmt: skip
async def test_what_ends_connections(house: House, changes: dict[str, str], ends: bool):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    await house.connected(alice, row)
    changed = await house.integrations.change(admin.caller, row.guid, Draft(config=changes, sent=CONFIG))
    assert changed.config_version == row.config_version + ends
    kept = house.connection()
    assert (kept.status == "reauth_required", kept.sealed_refresh is None) == (ends, ends)


async def test_a_deletion_takes_everything_along_even_what_does_not_open(house: House):
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row, app = await house.integration(admin), await house.content(admin)
    await house.associate(admin, app, row)
    await house.connected(alice, row)
    with house.change(Integration) as rows:
        rows[0].sealed_secrets = b"broken"
    await house.integrations.delete(admin.caller, row.guid)
    assert [house.rows(model) for model in (Integration, Association, Connection)] == [[], [], []]
    with pytest.raises(ApiError) as caught:
        await house.integrations.delete(admin.caller, row.guid)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"template": "nonsense"}, 227), ({"name": "x" * 256}, 225), ({"name": "a\nb"}, 225),
        ({"description": "x" * 4097}, 226), ({"config": config(token_uri="nonsense")}, 228),
    ],
)  # fmt: skip
async def test_what_is_refused(house: House, terms: dict[str, object], code: int):
    admin = await house.person("admin", "administrator")
    with pytest.raises(ApiError) as caught:
        await house.integrations.create(
            admin.caller,
            Draft(**({"template": "custom", "config": config()} | terms)),  # type: ignore[arg-type]
        )
    assert (caught.value.status, caught.value.code) == (400, code)
    assert not isinstance(caught.value, ConfigRefused) or set(caught.value.problems) == {"token_uri"}
    assert house.rows(Integration) == []


async def test_a_template_stays(house: House):
    admin = await house.person("admin", "administrator")
    row = await house.integration(admin)
    with pytest.raises(ApiError) as caught:
        await house.integrations.change(admin.caller, row.guid, Draft(template="github"))
    assert caught.value.code == 229


async def test_the_second_secret_becomes_the_only_one_and_connections_stay(house: House):
    admin = await house.person("admin", "administrator")
    row = await house.integration(admin)
    await house.connected(admin, row)
    with pytest.raises(ApiError) as error:
        await house.integrations.use_second_alone(admin.caller, row.guid)
    assert (error.value.status, error.value.code) == (400, 205)
    end = house.time()
    draft = Draft(
        config={"second_client_secret": "new"}, secret_expires_at=end, sent=frozenset({"config", "secret_expires_at"})
    )
    changed = await house.integrations.change(admin.caller, row.guid, draft)
    assert changed.secret_expires_at == end
    made = await house.integrations.use_second_alone(admin.caller, row.guid)
    assert house.integrations.stored_secrets(made) == {"client_secret"}
    secret = house.integrations.client_config(made).client_secret
    assert secret is not None
    assert secret.reveal() == "new"
    assert (made.secret_expires_at, made.config_version, house.connection().status) == (None, 1, "connected")
    assert "rotate_oauth_secret" in await house.actions()


async def test_only_another_config_counts_as_configured(house: House):
    admin = await house.person("admin", "administrator")
    row = await house.integration(admin)
    assert row.configured_time == row.created_time
    named = await house.integrations.change(admin.caller, row.guid, Draft(name="New", sent=frozenset({"name"})))
    assert named.configured_time == row.configured_time
    again = await house.integrations.change(admin.caller, row.guid, Draft(config={"scopes": "other"}))
    assert again.configured_time > row.configured_time


async def test_switches_are_set_and_stay(house: House):
    admin = await house.person("admin", "administrator")
    terms = config()
    made = await house.integrations.create(
        admin.caller, Draft(template="custom", config=terms, switches={"own_callback": True})
    )
    assert (made.own_callback, made.one_account) == (True, False)
    changed = await house.integrations.change(admin.caller, made.guid, Draft(switches={"one_account": True}))
    assert (changed.own_callback, changed.one_account, changed.config_version) == (True, True, made.config_version)


ISSUER = "https://sso.acme.example"
BY_ISSUER = {"issuer": ISSUER, "client_id": "c", "client_secret": "s"}


class Issuer:
    """Publishes metadata, and counts who reads it."""

    def __init__(self, house: House) -> None:
        self.read = 0
        self.metadata = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
        }
        self.client = OutboundClient(allow_local=False, transport=httpx.MockTransport(self._answer))
        self.integrations = Integrations(
            house.db, house.keyring, load(), house.trail, allow_local=False, outbound=self.client
        )

    def _answer(self, _request: httpx.Request) -> httpx.Response:
        self.read += 1
        return httpx.Response(200, json=self.metadata)


@pytest.fixture
async def issuer(house: House) -> AsyncIterator[Issuer]:
    made = Issuer(house)
    yield made
    await made.client.aclose()


async def test_addresses_are_read_from_the_issuer_once_and_kept(house: House, issuer: Issuer):
    admin = await house.person("admin", "administrator")
    row = await issuer.integrations.create(admin.caller, Draft(template="oidc", config=BY_ISSUER))
    assert (row.config["token_uri"], issuer.read) == (f"{ISSUER}/token", 1)
    issuer.metadata["token_endpoint"] = f"{ISSUER}/moved"
    kept = await issuer.integrations.change(
        admin.caller, row.guid, Draft(config={**row.config, "client_secret": "next"}, sent=CONFIG)
    )
    assert (kept.config["token_uri"], kept.config_version, issuer.read) == (f"{ISSUER}/token", row.config_version, 1)
    again = await issuer.integrations.change(admin.caller, row.guid, Draft(config={"token_uri": ""}, sent=CONFIG))
    assert (again.config["token_uri"], issuer.read) == (f"{ISSUER}/moved", 2)
    assert again.config_version == row.config_version + 1


async def test_an_address_elsewhere_is_not_taken_until_it_is_confirmed(house: House, issuer: Issuer):
    admin = await house.person("admin", "administrator")
    issuer.metadata["token_endpoint"] = "https://tokens.example.net/t"
    with pytest.raises(ConfigRefused) as caught:
        await issuer.integrations.create(admin.caller, Draft(template="oidc", config=BY_ISSUER))
    assert set(caught.value.problems) == {"other_hosts"}
    assert house.rows(Integration) == []
    confirmed = {**BY_ISSUER, "other_hosts": "tokens.example.net"}
    row = await issuer.integrations.create(admin.caller, Draft(template="oidc", config=confirmed))
    assert row.config["token_uri"] == "https://tokens.example.net/t"
