"""A group's names are the same for the description and for the check."""

import re

from pydantic import TypeAdapter

from server.groups.store import GroupView, checked_name
from server.groups.wire import GroupChange, NewGroup, group_object


def test_a_group_without_an_owner():
    shown = group_object(GroupView(1, "g", "n", None, None, "", 2))
    assert shown == {"guid": "g", "name": "n", "owner_guid": None, "member_count": 2}


def test_the_pattern_means_the_same_to_whoever_reads_the_description():
    described = TypeAdapter(NewGroup).json_schema()["properties"]["name"]
    for name in ("a", "Sales, EU", "Ärzte (Süd)", "x y", "日本"):
        assert re.search(described["pattern"], name)
        assert checked_name(name) == name
        TypeAdapter(GroupChange).validate_python({"name": name})
