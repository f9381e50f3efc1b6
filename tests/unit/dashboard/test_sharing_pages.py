"""The Sharing tab: links are made, shown once and revoked; the owner lends her access and takes it back."""

import html
import re

from tests.unit.dashboard.rig import Rig, notices


def link_on(page: str) -> str:
    found = re.search(r'data-copy="([^"]+)" aria-label="Copy the link"', page)
    return html.unescape(found.group(1)) if found else ""


async def test_a_link_is_shown_once_and_revoked(rig: Rig) -> None:
    guid, pat = await rig.content("pat"), await rig.browser("pat")
    at = f"/apps/{guid}/sharing"
    made = await pat.post(f"{at}/links", {"link_name": "The board", "link_days": "7"})
    page = await pat.told(made)
    link = link_on(page)
    assert "/__share__/" in link
    assert link not in made.text + str(made.headers)
    again = (await pat.get(at)).text
    assert (link_on(again), "The board" in again, "Never" in again) == ("", True, True)
    [row] = await rig.services.links.of(await rig.services.directory.by_guid(guid))
    page = await pat.told(await pat.post(f"{at}/links/{row.guid}/revoke"))
    assert notices(page) == ["Done: Revoked. Pages that the link opened are closed."]
    page = await pat.told(await pat.post(f"{at}/links/{row.guid}/revoke"))
    assert notices(page) == ["Note: That link was revoked already."]


async def test_what_cannot_be_linked_is_said(rig: Rig) -> None:
    guid, pat = await rig.content("pat"), await rig.browser("pat")
    at = f"/apps/{guid}/sharing"
    reply = await pat.post(f"{at}/links", {"link_name": "x", "link_days": "1000"})
    assert (reply.status_code, "Choose how long it works." in reply.text) == (400, True)
    await rig.associate(guid, await rig.integration("Warehouse"))
    page = (await pat.get(at)).text
    assert "Not possible while it uses Warehouse as the person looking" in page
    reply = await pat.post(f"{at}/links", {"link_name": "kept", "link_days": "7"})
    assert (reply.status_code, 'value="kept"' in reply.text or "Not possible" in reply.text) == (400, True)


async def test_the_owner_lends_and_takes_back(rig: Rig) -> None:
    guid, pat, eve = await rig.content("pat"), await rig.browser("pat"), await rig.browser("eve", "publisher")
    await rig.put_on_list(guid, "eve", "owner")
    integration = await rig.integration("Warehouse")
    await rig.associate(guid, integration)
    at = f"/apps/{guid}/sharing"
    assert "Connect Warehouse first" in (await pat.get(at)).text
    await rig.connect("pat", integration)
    assert "Lend my access" in (await pat.get(at)).text
    assert "Lend my access" not in (await eve.get(at)).text
    terms = {"viewers": "true", "days": "30"}
    assert (await eve.post(f"{at}/loans/{integration}", terms)).status_code == 400
    assert (await pat.post(f"{at}/loans/{integration}", {"viewers": "true", "days": "0"})).status_code == 400
    assert (await pat.post(f"{at}/loans/{integration}", {"days": "30"})).status_code == 400
    assert (await pat.post(f"{at}/loans/x", terms)).status_code == 404
    assert (await pat.post(f"{at}/loans/{guid}", terms)).status_code == 404
    page = await pat.told(await pat.post(f"{at}/loans/{integration}", terms))
    assert notices(page) == ["Done: Lent. You can take access to Warehouse back at any time."]
    assert "lends access" in page
    page = await eve.told(await eve.post(f"{at}/loans/{integration}/end"))
    assert notices(page) == ["Done: Taken back. From now on everybody connects an account of their own."]
    page = await pat.told(await pat.post(f"{at}/loans/{integration}/end"))
    assert notices(page) == ["Note: That loan had ended already."]


async def test_a_loan_that_does_not_count_says_why(rig: Rig) -> None:
    guid, pat = await rig.content("pat"), await rig.browser("pat")
    integration = await rig.integration("Warehouse")
    await rig.associate(guid, integration)
    connection = await rig.connect("pat", integration)
    at = f"/apps/{guid}/sharing"
    await pat.post(f"{at}/loans/{integration}", {"viewers": "true", "days": "30"})
    await rig.services.vault.connections.disconnect(rig.people["pat"], connection)
    assert "but that connection has ended" in (await pat.get(at)).text


async def test_the_tab_is_for_those_who_can_change_it(rig: Rig) -> None:
    guid, alice = await rig.content("pat"), await rig.browser("alice")
    assert (await alice.get(f"/apps/{guid}/sharing")).status_code == 404
    await rig.put_on_list(guid, "alice", "viewer")
    assert (await alice.get(f"/apps/{guid}/sharing")).status_code == 403
