"""The shapes that requests are described by refuse what the code refuses, and let pass what it lets pass."""

import json
import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from server.content.wire import TUNING
from server.publishing.fields import changes_from
from server.publishing.wire import INCLUDES, ContentChange, Include, NewContent
from server.web.body import Fields
from server.web.caller import Caller
from server.web.errors import ApiError

ADMIN = Caller(user_id=1, guid="a", role="administrator", via="key")


@pytest.mark.parametrize(
    ("given", "good"),
    [
        ({}, True), ({"name": "abc"}, True), ({"name": "ab"}, False), ({"name": None}, True), ({"title": 5}, False),
        ({"description": "x" * 4096}, True), ({"description": "x" * 4097}, False), ({"access_type": "x"}, False),
        ({"max_processes": 0}, False), ({"max_processes": 1}, True), ({"max_processes": 2**31}, False),
        ({"max_processes": 2.0}, True), ({"min_processes": 0}, True), ({"load_factor": 1}, True),
        ({"load_factor": 1.5}, False), ({"load_factor": True}, False), ({"memory_limit": 2**40}, True),
        ({"run_as": "ann"}, False), ({"run_as": None}, True), ({"run_as_current_user": True}, False),
        ({"run_as_current_user": False}, True), ({"default_image_name": "x"}, False),
        ({"content_category": "pin"}, True), ({"content_category": "cats"}, False), ({"locked": "yes"}, False),
        ({"locked": True, "locked_message": "x"}, True), ({"otel_enabled": True}, True),
        ({"notify_on_share": 1}, False),
    ],
)  # fmt: skip
def test_described_as_it_is(given: dict[str, Any], good: bool):
    shape = TypeAdapter(ContentChange)
    if good:
        shape.validate_python(given, strict=False)
        changes_from(Fields(given), ADMIN)
        return
    with pytest.raises(ApiError):
        changes_from(Fields(given), ADMIN)
    with pytest.raises(ValidationError):
        shape.validate_json(json.dumps(given), strict=True)


def test_every_setting_is_described_and_every_include():
    assert set(TUNING) <= set(NewContent.__annotations__)
    pattern = TypeAdapter(Include).json_schema()["pattern"]
    assert re.fullmatch(pattern, ",".join(sorted(INCLUDES)))
    assert not re.fullmatch(pattern, "cats")
