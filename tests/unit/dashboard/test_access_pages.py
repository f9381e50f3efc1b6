"""Who can open an item, its people and its integrations change by their forms, with the rules of the API."""

from tests.unit.dashboard.rig import Browser, Rig, notices


async def tab(browser: Browser, guid: str) -> str:
    return (await browser.get(f"/apps/{guid}/access")).text


async def test_who_can_open_it(rig: Rig) -> None:
    guid = await rig.content("pat")
    pat = await rig.browser("pat")
    page = await pat.told(await pat.post(f"/apps/{guid}/access/type", {"access_type": "logged_in"}))
    assert notices(page) == ["Done: Everyone with an account can open it now."]
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    assert view.access_type == "logged_in"
    reply = await pat.post(f"/apps/{guid}/access/type", {"access_type": "everybody"})
    assert reply.status_code == 400
    assert "Choose who can open it." in reply.text


async def test_anyone_is_refused_while_it_acts_for_its_viewer(rig: Rig) -> None:
    guid = await rig.content("pat")
    await rig.associate(guid, await rig.integration("Warehouse"))
    pat = await rig.browser("pat")
    reply = await pat.post(f"/apps/{guid}/access/type", {"access_type": "all"})
    assert reply.status_code == 400
    assert "It uses Warehouse as the person looking; remove that first." in reply.text
    view = await rig.services.directory.by_guid(guid)
    assert view is not None
    assert view.access_type == "acl"


async def test_people_come_and_go(rig: Rig) -> None:
    guid = await rig.content("pat")
    pat, alice = await rig.browser("pat"), await rig.browser("alice")
    page = await pat.told(await pat.post(f"/apps/{guid}/access/people", {"username": "ALICE", "role": "viewer"}))
    assert notices(page) == ["Done: Alice Example can open it now."]
    assert "Sales" in (await alice.get("/")).text
    [event] = await rig.events("add_permission")
    assert event.data["user_guid"] == rig.people["alice"].guid
    number = page.split("/access/people/")[1].split("/")[0]
    await pat.told(await pat.post(f"/apps/{guid}/access/people/{number}/remove"))
    assert "Sales" not in (await alice.get("/")).text
    assert (await pat.post(f"/apps/{guid}/access/people/{number}/remove")).status_code == 404


async def test_a_refused_person_stays_typed(rig: Rig) -> None:
    guid = await rig.content("pat")
    pat = await rig.browser("pat")
    await rig.person("alice")
    for fields, words in (
        ({"username": "bobb", "role": "collaborator"}, "Nobody here has this username"),
        ({"username": "", "role": "viewer"}, "Type the username"),
        ({"username": "pat", "role": "viewer"}, "The owner always has access"),
        ({"username": "alice", "role": "collaborator"}, "Only publishers and administrators can collaborate"),
    ):
        reply = await pat.post(f"/apps/{guid}/access/people", fields)
        assert reply.status_code == 400
        assert words in reply.text
        assert f'value="{fields["username"]}" list="candidates"' in reply.text
        assert ('value="collaborator" selected' in reply.text) == (fields["role"] == "collaborator")


async def test_a_collaborator_changes_it_until_she_leaves(rig: Rig) -> None:
    guid = await rig.content("pat")
    pat, kim = await rig.browser("pat"), await rig.browser("kim", "publisher")
    await pat.post(f"/apps/{guid}/access/people", {"username": "kim", "role": "collaborator"})
    page = await tab(kim, guid)
    assert "Can change it" in page
    number = page.split("/access/people/")[1].split("/")[0]
    left = await kim.post(f"/apps/{guid}/access/people/{number}/remove")
    assert left.headers["location"] == "/"
    assert notices(await kim.told(left)) == ["Done: You no longer change Sales."]
    assert (await kim.get(f"/apps/{guid}/access")).status_code == 404


async def test_the_dialog_adds_one_and_keeps_the_others(rig: Rig) -> None:
    guid, first = await rig.content("pat"), await rig.integration("First")
    second = await rig.integration("Robot", service=True)
    await rig.associate(guid, first)
    pat = await rig.browser("pat")
    page = await pat.told(await pat.post(f"/apps/{guid}/integrations", {"integration_guid": second}))
    assert notices(page) == ["Done: The app can use Robot now."]
    used = await rig.services.associations.for_content(guid)
    assert {there.guid for there in used} == {first, second}
    page = await pat.told(await pat.post(f"/apps/{guid}/integrations/{first}/remove"))
    assert notices(page) == ["Done: The app can no longer use First."]
    assert (await pat.post(f"/apps/{guid}/integrations/{first}/remove")).status_code == 404


async def test_what_cannot_be_added_says_why_in_the_open_dialog(rig: Rig) -> None:
    guid = await rig.content("pat", access="all")
    viewer = await rig.integration("Warehouse")
    pat = await rig.browser("pat")
    assert "so there is no viewer to act for" in await tab(pat, guid)
    for wanted, words in ((viewer, "no viewer to act for"), ("", "Choose an integration."), ("x", "names no")):
        reply = await pat.post(f"/apps/{guid}/integrations", {"integration_guid": wanted})
        assert reply.status_code == 400
        assert words in reply.text
        assert 'aria-labelledby="add-title" open>' in reply.text


async def test_the_lookers_own_connection_shows(rig: Rig) -> None:
    guid, warehouse = await rig.content("pat"), await rig.integration("Warehouse")
    await rig.associate(guid, warehouse)
    pat = await rig.browser("pat")
    assert f'action="/__oauth__/integrations/{warehouse}/login"' in await tab(pat, guid)
    connection = await rig.connect("pat", warehouse)
    page = await tab(pat, guid)
    assert "<strong>alice@sandbox</strong>" in page
    assert f"/connections/{connection}/disconnect" in page
    assert "CANARY" not in page
    # Another person's page knows nothing of it.
    assert "alice@sandbox" not in await tab(await rig.browser("ada", "administrator"), guid)


async def test_a_role_is_pinned_for_everybody_and_set_free_again(rig: Rig) -> None:
    guid, warehouse = await rig.content("pat"), await rig.snowflake()
    await rig.associate(guid, warehouse)
    pat = await rig.browser("pat")
    at = f"/apps/{guid}/integrations/{warehouse}/role"
    assert "Role for everybody" in await tab(pat, guid)
    for typed, told in (
        ("ANALYST", "Done: Everybody uses it in the role ANALYST now."),
        ("", "Done: Each viewer chooses a role now."),
    ):
        assert notices(await pat.told(await pat.post(at, {"role": typed}))) == [told]
        (used,) = await rig.services.associations.for_content(guid)
        assert used.role == typed
    (refused,) = notices(await pat.told(await pat.post(at, {"role": "ACCOUNTADMIN"})))
    assert "never lets" in refused
    assert (await pat.post(f"/apps/{guid}/integrations/x/role", {"role": "A"})).status_code == 404
