"""The API of groups over a standing, with what it tells others written down."""

from __future__ import annotations

from server.groups.api import GroupsApi
from server.groups.groups import Groups
from server.sessions import store as sessions
from server.sessions.identify import Sessions
from tests.unit.server.standing import Answer, Standing


class Desk:
    """People, one content item, and groups."""

    def __init__(self, standing: Standing) -> None:
        self.standing, self.who, self.db = standing, standing.who, standing.db
        self.sessions = Sessions(self.db, secure=False, idle=3600, absolute=7200)
        self.told: list[frozenset[str]] = []
        self.forgotten: list[str] = []
        self.sessions.when_changed(self.told.append)
        standing.directory.when_changed(self.forgotten.append)
        self.groups = Groups(self.db, self.sessions, standing.directory, standing.trail)
        standing.routes = GroupsApi(self.groups).routes()

    async def call(self, name: str, method: str, path: str, body: object = None) -> Answer:
        """One call, by a person with the groups she is in at this moment."""
        self.who[name] = self.db.read_now(sessions.with_groups, self.who[name])
        return await self.standing.call(name, method, path, body)

    async def made(self, name: str = "Friends", by: str = "owner", members: tuple[str, ...] = ()) -> str:
        """A new group's GUID."""
        guid: str = (await self.call(by, "POST", "/v1/groups", {"name": name})).json["guid"]
        for member in members:
            assert (await self.add(by, guid, member)).status == 204
        return guid

    async def add(self, by: str, guid: str, member: str) -> Answer:
        return await self.call(by, "POST", f"/v1/groups/{guid}/members", {"user_guid": self.who[member].guid})

    async def leave(self, by: str, guid: str, member: str) -> Answer:
        return await self.call(by, "DELETE", f"/v1/groups/{guid}/members/{self.who[member].guid}")
