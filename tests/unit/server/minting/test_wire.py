"""Keys and mappings on the wire."""

from server.minting import wire
from server.minting.mapping import Line
from server.minting.policy import Entry

PERSON = "0F9A7D00-0000-0000-0000-000000000000"


def test_an_input_becomes_an_entry():
    assert wire.entry_of({"user_guid": PERSON, "roles": None, "login": "x"}) == Entry("user", PERSON.lower(), None, "x")
    assert wire.entry_of({"group_guid": PERSON, "roles": ["A", "B", "A"]}) == Entry("group", PERSON.lower(), ("A", "B"))
    assert wire.entry_of({"user_guid": None, "group_guid": None, "roles": []}) == Entry("default", "", ())
    assert wire.entry_of({"user_guid": PERSON, "group_guid": PERSON}) is None


def test_an_entry_is_shown_with_its_name():
    shown = wire.role_entry(Line(Entry("group", PERSON.lower(), ("A",)), "Team"))
    assert shown == {"user_guid": None, "group_guid": PERSON.lower(), "name": "Team", "roles": ["A"], "login": ""}


async def test_a_key_is_shown_without_its_private_half(world):
    row = await world.minting.keys.active(world.integration)
    shown = wire.key_object(row)
    assert (shown["state"], shown["algorithm"], shown["bits"]) == ("active", "RS256", 2048)
    assert "PRIVATE" not in str(shown)
