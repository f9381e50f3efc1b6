"""What a person is let into by lists, herself and by groups: the most counts, and in one statement."""

from sqlmodel import Session

from server.access import store as access
from server.accounts import store as accounts
from server.content import lists, reach, store
from server.db.engine import Database
from server.groups import store as groups
from server.web.caller import Caller


def test_lists_reach_people_herself_and_by_their_groups(db: Database):
    def fill(session: Session) -> tuple[str, dict[str, int]]:
        ann = accounts.add_user(session, username="ann", role="publisher")
        vic = accounts.add_user(session, username="vic", role="publisher")
        made = {
            name: store.add(session, ann.id or 0, {"name": name}).id or 0 for name in ("own", "team", "both", "none")
        }
        team, other = groups.add(session, "Team", ann.id or 0), groups.add(session, "Other", ann.id or 0)
        groups.join(session, team.id, vic.guid)
        access.put(session, made["own"], ann.guid, vic.guid, "viewer")
        access.put(session, made["team"], ann.guid, team.guid, "viewer", "group")
        access.put(session, made["both"], ann.guid, vic.guid, "viewer")
        access.put(session, made["both"], ann.guid, team.guid, "owner", "group")
        access.put(session, made["none"], ann.guid, other.guid, "owner", "group")
        return vic.guid, made

    vic, made = db.write_now(fill)
    roles = {made["own"]: "viewer", made["team"]: "viewer", made["both"]: "owner"}
    assert db.read_now(reach.roles, vic) == roles
    listing = db.read_now(lambda s: lists.listing(s, Caller(99, vic, role="publisher", via="key")))
    assert {content.name for content, _owner in listing} == {"own", "team", "both"}
    assert db.read_now(lambda s: set(s.execute(reach.listed(vic)).scalars())) == set(roles)
