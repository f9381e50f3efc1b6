"""The health of an integration by API; administrators only, and never with a secret."""

from datetime import timedelta

import pytest

from server.db.clock import wire
from server.health.api import HealthApi
from server.health.health import HealthRecords
from server.health.recorder import Recorder
from server.vault.outcomes import Outcome
from server.web.api import Api
from tests.unit.server.vault.house import SECRET, House


@pytest.fixture
def served(house: House) -> House:
    routes = HealthApi(HealthRecords(house.db, house.integrations, house.vault.outcomes, clock=house.time)).routes()
    house.app._app = Api(routes.routes, house.csrf)
    return house


async def test_what_is_told(served: House) -> None:
    ada = await served.person("ada", "administrator")
    row = await served.integration(ada)
    await served.connected(ada, row)
    recorder = Recorder(served.db, clock=served.time)
    recorder.note(Outcome(row.guid, "c", "refresh", True, skew=45.0))
    recorder.note(Outcome(row.guid, "c", "refresh", False, "timeout", "The provider did not answer in time."))
    await recorder.aclose()
    end = served.time() + timedelta(days=6, hours=1)
    with served.change(type(row)) as rows:
        rows[0].secret_expires_at = end
    reply = await served.browser(key=ada.key).get(f"/__api__/v1/oauth/integrations/{row.guid}/health")
    assert reply.status_code == 200
    found = reply.json()
    assert found["state"] == "ok"
    assert found["last_error"]["message"] == "The provider did not answer in time."
    assert (found["last_error"]["during"], found["last_error"]["only_administrators_can_mend"]) == ("refresh", False)
    assert found["last_day"] == {"succeeded": 1, "failed": 1, "ended": 0, "success_rate": 0.5}
    assert found["secret"] == {
        "expires_at": wire(end),
        "days_left": 6,
        "warning": "week",
        "second_stored": False,
        "last_accepted": None,
    }
    assert found["clock"] == {"skew": 45.0, "warning": True}
    assert found["connections"] == {"connected": 1, "reauth_required": 0}
    assert SECRET not in reply.text


async def test_for_administrators(served: House) -> None:
    ada, pat = await served.person("ada", "administrator"), await served.person("pat", "publisher")
    row = await served.integration(ada)
    path = "/__api__/v1/oauth/integrations/"
    assert (await served.browser(key=pat.key).get(f"{path}{row.guid}/health")).status_code == 403
    assert (await served.browser(key=ada.key).get(f"{path}{pat.guid}/health")).status_code == 404
    assert (await served.browser(key=ada.key).get(f"{path}nothing/health")).status_code == 400
    found = (await served.browser(key=ada.key).get(f"{path}{row.guid}/health")).json()
    assert (found["state"], found["last_error"], found["last_week"]["success_rate"]) == ("unused", None, None)
