"""Groups on screens: made, filled, left, renamed and deleted; others' are only looked at."""

from server.db.models import Integration
from tests.unit.dashboard.rig import Rig, notices


async def make(rig: Rig, by: str = "pat", name: str = "Sales, Europe") -> str:
    pat = await rig.browser(by, "publisher")
    made = await pat.post("/groups", {"name": name})
    assert made.status_code == 303
    return made.headers["location"]


async def test_from_the_first_group_to_the_last(rig: Rig) -> None:
    pat = await rig.browser("pat", "publisher")
    await rig.person("alice")
    assert "No groups yet" in (await pat.get("/groups")).text
    made = await pat.post("/groups", {"name": " Sales, Europe "})
    page = await pat.told(made)
    assert "Nobody yet." in page
    assert "Add its people next." in notices(page)[0]
    at = made.headers["location"]
    added = await pat.told(await pat.post(f"{at}/members", {"username": "ALICE"}))
    assert notices(added) == ["Done: Alice Example is in Sales, Europe now."]
    assert "1 person · looked after by Pat Example" in added
    renamed = await pat.told(await pat.post(f"{at}/rename", {"name": "Sales"}))
    assert "<h1>Sales</h1>" in renamed
    alice = rig.people["alice"].guid
    gone = await pat.told(await pat.post(f"{at}/members/{alice}/remove", {}))
    assert "Nobody yet." in gone
    again = await pat.told(await pat.post(f"{at}/members/{alice}/remove", {}))
    assert notices(again) == ["Note: They had left already."]
    deleted = await pat.told(await pat.post(f"{at}/delete", {}))
    assert "No groups yet" in deleted
    assert (await pat.get(at)).status_code == 404


async def test_what_cannot_be_says_so_beside_its_field(rig: Rig) -> None:
    at = await make(rig)
    pat = await rig.browser("pat", "publisher")
    for name, words in (("", "1 to 256"), ("sales, EUROPE", "already a group"), ("a\u200bb", "visible characters")):
        refused = await pat.post("/groups", {"name": name})
        assert refused.status_code == 400
        assert words in refused.text
    for username, words in (("", "Type a username."), ("nobody", "Nobody here")):
        refused = await pat.post(f"{at}/members", {"username": username})
        assert (refused.status_code, words in refused.text) == (400, True)
    await pat.post(f"{at}/members", {"username": "pat"})
    assert "in this group already" in (await pat.post(f"{at}/members", {"username": "pat"})).text
    assert "1 to 256" in (await pat.post(f"{at}/rename", {"name": ""})).text
    left = await pat.told(await pat.post(f"{at}/members/{rig.people['pat'].guid}/remove", {}))
    assert notices(left) == ["Done: You left Sales, Europe."]


async def test_a_group_that_an_integration_needs_stays(rig: Rig) -> None:
    at = await make(rig)
    entry = {"id": "1", "guid": "e", "user_guid": None, "group_guid": at.removeprefix("/groups/")}
    row = Integration(guid="i", template="custom", auth_type="Viewer", sealed_secrets=b"", fingerprint="")
    row.permissions = [entry]
    await rig.services.db.write(lambda session: session.add(row))
    pat = await rig.browser("pat", "publisher")
    told = await pat.told(await pat.post(f"{at}/delete", {}))
    assert "open to this group alone" in notices(told)[0]


async def test_other_peoples_groups_are_looked_at(rig: Rig) -> None:
    at = await make(rig)
    other, viewer = await rig.browser("quinn", "publisher"), await rig.browser("vic")
    page = (await other.get(at)).text
    assert "Pat Example adds and removes people." in page
    assert "Delete group" not in page
    assert (await other.post(f"{at}/delete", {})).status_code == 303
    assert (await other.get(at)).status_code == 200
    assert (await other.post(f"{at}/members", {"username": "quinn"})).status_code == 400
    assert (await viewer.get("/groups")).status_code == 403
    assert "/groups" not in (await viewer.get("/")).text
    assert 'href="/groups"' in (await other.get("/")).text
    assert (await other.get("/groups/nonsense")).status_code == 404


async def test_many_groups_are_searched_and_paged(rig: Rig) -> None:
    pat = await rig.browser("pat", "publisher")
    for number in range(101):
        await rig.services.groups.create(pat.caller, f"Group {number:03}")
    first = (await pat.get("/groups")).text
    assert "Group 099" in first
    assert "Group 100" not in first
    assert "page=2" in first
    assert "Group 100" in (await pat.get("/groups?page=2")).text
    assert "There are no more." in (await pat.get("/groups?page=9")).text
    found = (await pat.get("/groups?q=group%20100")).text
    assert "Group 100" in found
    assert "Group 001" not in found
    assert "No group" in (await pat.get("/groups?q=zz%00")).text
