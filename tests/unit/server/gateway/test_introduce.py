"""What an app is told of a viewer, and that it is never told of another one."""

import json
from dataclasses import replace
from types import SimpleNamespace

from runners.kinds import shiny, streamlit
from server.content.view import ContentView
from server.gateway.introduce import HANDLE_HEADER, MOST_GROUP_BYTES, Introductions, told
from server.instances.live import Place
from server.keys.keyring import Keyring
from server.sessions.handles import Handles
from server.web.caller import ANONYMOUS, Caller

VIEW = ContentView(
    id=1, guid="c", name="n", title="t", owner_id=1, owner_guid="o", owner_name="Pat", access_type="acl",
    app_mode="python-streamlit", bundle_id=1, locked=False, locked_message="", people={},
)  # fmt: skip
ALICE = Caller(user_id=1, guid="a", username="alice", email="alice@example.org", role="viewer", via="session",
               credential="session:1")  # fmt: skip
LIVE = SimpleNamespace(key="k1", tag="instance:k1", place=Place("c", 1), kind=streamlit.KIND)


def introductions() -> Introductions:
    return Introductions(Handles(Keyring(b"k" * 32)))


def test_made_once_and_anew_when_caller_or_content_changed():
    made = introductions()
    first = made.of(ALICE, VIEW, LIVE)
    assert made.of(ALICE, VIEW, LIVE) is first
    renamed = replace(ALICE, email="new@example.org")
    assert dict(made.of(renamed, VIEW, LIVE).headers)[b"x-app-email"] == b"new@example.org"
    opened = replace(VIEW, access_type="all")
    assert HANDLE_HEADER not in dict(made.of(ALICE, opened, LIVE).headers)
    assert HANDLE_HEADER in dict(made.of(ALICE, VIEW, LIVE).headers)


def test_two_people_and_two_instances_are_kept_apart():
    made = introductions()
    bob = replace(ALICE, guid="b", username="bob", credential="session:2")
    alice, other = made.of(ALICE, VIEW, LIVE), made.of(bob, VIEW, LIVE)
    assert dict(alice.headers)[HANDLE_HEADER] != dict(other.headers)[HANDLE_HEADER]
    assert dict(other.headers)[b"x-app-user"] == b"bob"
    assert alice.tags & other.tags == {"content:c", "instance:k1"}
    second = SimpleNamespace(key="k2", tag="instance:k2", place=Place("c", 2, draft=True), kind=streamlit.KIND)
    tags = made.of(ALICE, VIEW, second).tags
    assert {"instance:k2", "draft:c:a"} <= tags
    assert "draft:c:a" not in alice.tags


def test_a_framework_that_looks_for_credentials_elsewhere_finds_them():
    live = SimpleNamespace(key="k3", tag="instance:k3", place=Place("c", 1), kind=shiny.KIND)
    headers = dict(introductions().of(ALICE, VIEW, live).headers)
    assert headers[b"shiny-server-credentials"] == headers[b"rstudio-connect-credentials"]
    assert b"shiny-server-credentials" not in dict(introductions().of(ALICE, VIEW, LIVE).headers)


def test_an_app_that_looks_at_itself_gets_no_handle_of_its_owner():
    itself = replace(ALICE, via="content", credential="instance:k1", content_guid="c")
    assert HANDLE_HEADER not in dict(introductions().of(itself, VIEW, LIVE).headers)


def test_nobody_is_introduced_as_nobody():
    made = introductions().of(ANONYMOUS, VIEW, LIVE)
    assert made.headers == ()
    assert made.tags == {"content:c", "instance:k1", "visit:c:"}


def test_names_that_are_not_ascii_travel_encoded():
    zoe = replace(ALICE, username="zoë", email="zoë@example.org")
    headers = dict(introductions().of(zoe, VIEW, LIVE).headers)
    assert headers[b"x-app-user"] == b"zo%C3%AB"
    assert headers[b"x-app-email"] == b"zo%C3%AB@example.org"
    assert b"\\u00eb" in headers[b"rstudio-connect-credentials"]


def test_an_app_is_told_the_names_of_the_groups():
    grouped = replace(ALICE, groups=frozenset({"1", "2"}), group_names=("Sales, EU", "Süd"))
    headers = dict(introductions().of(grouped, VIEW, LIVE).headers)
    assert headers[b"x-app-groups"] == b"Sales%2C EU,S%C3%BCd"
    assert json.loads(headers[b"rstudio-connect-credentials"]) == {"user": "alice", "groups": ["Sales, EU", "Süd"]}
    assert b"x-app-groups" not in dict(introductions().of(ALICE, VIEW, LIVE).headers)


def test_of_a_thousand_groups_as_many_as_fit():
    names = tuple(f"gruppe für {number}" for number in range(1000))
    fitting = told(names)
    assert fitting == list(names[: len(fitting)])
    assert 100 < len(fitting) < 1000
    assert len(json.dumps(fitting)) <= MOST_GROUP_BYTES
