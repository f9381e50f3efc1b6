"""Signed-in tools lists the person's own, says what to do where there is none, and ends one."""

from datetime import timedelta

from server.db.clock import now
from server.db.models import ClaimToken, ToolClient, ToolSignIn
from tests.unit.dashboard.rig import Rig, notices


async def tools_of(rig: Rig, name: str) -> None:
    """One tool of each kind, signed in by a person."""
    person = rig.people[name]
    ends = {"user_id": person.user_id, "expires_at": now() + timedelta(days=90)}

    def write(session):
        client = ToolClient(client_id=f"c-{name}", client_name=f"CLI of {name}", redirect_uris=[], grant_types=[])
        session.add(client)
        session.flush()
        session.add(ToolSignIn(guid=f"t-{name}", client_row=client.id, family=name, refresh_hash="r", **ends))
        token = ClaimToken(
            guid=f"c-{name}", token=name, public_key=b"", name=f"IDE of {name}", address="1.2.3.4", **ends
        )
        session.add(token)

    await rig.services.db.write(write)


async def test_ones_own_tools(rig: Rig) -> None:
    alice, bob = await rig.browser("alice"), await rig.browser("bob")
    empty = (await alice.get("/tools")).text
    assert "No signed-in tools" in empty
    assert "login" in empty
    await tools_of(rig, "alice")
    page = (await alice.get("/tools")).text
    for shown in ("CLI of alice", "IDE of alice", "1.2.3.4", "Never"):
        assert shown in page
    assert "alice" not in (await bob.get("/tools")).text


async def test_signing_one_out(rig: Rig) -> None:
    alice, bob = await rig.browser("alice"), await rig.browser("bob")
    await tools_of(rig, "alice")
    for path, name in (("/tools/sign-in/t-alice", "CLI of alice"), ("/tools/claim/c-alice", "IDE of alice")):
        others = await bob.post(f"{path}/sign-out", {})
        assert notices(await bob.told(others)) == ["Note: That tool was signed out already."]
        reply = await alice.post(f"{path}/sign-out", {})
        assert f"{name} is signed out." in notices(await alice.told(reply))[0]
    assert "No signed-in tools" in (await alice.get("/tools")).text
    assert len(await rig.events("end_tool")) == 2
