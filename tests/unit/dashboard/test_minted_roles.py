"""The stage of an app whose integration mints: the role is said, and switched without leaving."""

import re
from dataclasses import dataclass

import pytest

from server.minting.policy import Entry
from server.oauth.integrations import Draft
from tests.unit.dashboard.rig import Rig


@dataclass
class Staged:
    content: str
    integration: str


@pytest.fixture
async def staged(rig: Rig) -> Staged:
    content = await rig.content("pat", "Sales", access="logged_in")
    ada = await rig.person("ada", "administrator")
    draft = Draft("external-oauth", "Warehouse", "", {"audiences": "https://a.example.com"})
    row = await rig.services.integrations.create(ada, draft)
    await rig.services.minting.mapping.replace(ada, row.guid, [Entry("default", "", ("ANALYST", "PUBLIC"))])
    await rig.associate(content, row.guid)
    return Staged(content, row.guid)


async def test_she_switches_among_the_roles_that_are_mapped_to_her(rig: Rig, staged: Staged) -> None:
    alice, here = await rig.browser("alice"), f"/open/{staged.content}/"
    text = (await alice.get(here)).text
    assert "as you (alice, role ANALYST)" in text
    assert re.findall(r'name="role" value="(\w+)"', text) == ["PUBLIC"]
    form = {"integration": staged.integration, "role": "PUBLIC", "next": here}
    reply = await alice.post(f"{here}role", form)
    assert (reply.status_code, reply.headers["location"]) == (303, here)
    assert "as you (alice, role PUBLIC)" in (await alice.get(here)).text
    token = await rig.services.minting.minter.token(
        rig.people["alice"], (await rig.services.integrations.get(staged.integration)).id, role="PUBLIC"
    )
    assert token.scopes == ("session:role:PUBLIC",)


async def test_what_is_not_hers_is_refused(rig: Rig, staged: Staged) -> None:
    alice, here = await rig.browser("alice"), f"/open/{staged.content}/"
    await alice.post(f"{here}role", {"integration": staged.integration, "role": "ADMIN"})
    assert "role ANALYST" in (await alice.get(here)).text
    assert (await alice.post(f"{here}role", {"integration": "other", "role": "PUBLIC"})).status_code == 404
    hidden = await rig.content("pat", "Hidden")
    assert (await alice.post(f"/open/{hidden}/role", {"integration": staged.integration})).status_code == 404


async def test_a_pinned_role_is_not_switched(rig: Rig, staged: Staged) -> None:
    view = await rig.services.directory.by_guid(staged.content)
    assert view is not None
    pins = {staged.integration: "PUBLIC"}
    await rig.services.associations.replace(rig.people["ada"], view, [staged.integration], pins)
    alice, here = await rig.browser("alice"), f"/open/{staged.content}/"
    text = (await alice.get(here)).text
    assert "role PUBLIC" in text
    assert "chose the role for everybody" in text
    form = {"integration": staged.integration, "role": "ANALYST"}
    assert (await alice.post(f"{here}role", form)).status_code == 404
