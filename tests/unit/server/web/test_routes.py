"""Declared routes: who is admitted, and what parameters may be."""

import pytest

from server.web.caller import ANONYMOUS, Caller
from server.web.errors import ApiError
from server.web.routes import LARGEST_ID, Route, guid_in, number_in, whole
from tests.unit.server.web.asking import asking


async def nothing(_request, _caller):
    raise NotImplementedError


def caller(role: str, via: str = "key") -> Caller:
    return Caller(user_id=1, guid="x", role=role, via=via)  # type: ignore[arg-type]


def admitted(route: Route, who: Caller) -> int:
    try:
        route.admit(who)
    except ApiError as error:
        return error.status
    return 200


@pytest.mark.parametrize(
    ("role", "content_key", "statuses"),
    [
        # anonymous, viewer, publisher, administrator, an app of a publisher's, an app of an administrator's
        (None, False, [200, 200, 200, 200, 200, 200]),
        ("viewer", False, [401, 200, 200, 200, 403, 403]),
        ("viewer", True, [401, 200, 200, 200, 200, 200]),
        ("publisher", False, [401, 403, 200, 200, 403, 403]),
        ("publisher", True, [401, 403, 200, 200, 200, 200]),
        ("administrator", False, [401, 403, 403, 200, 403, 403]),
        ("administrator", True, [401, 403, 403, 200, 403, 200]),
    ],
)
def test_who_is_admitted(role: str | None, content_key: bool, statuses: list[int]):
    route = Route("GET", "/x", nothing, role=role, content_key=content_key)
    everybody = [
        ANONYMOUS, caller("viewer"), caller("publisher"), caller("administrator"),
        caller("publisher", "content"), caller("administrator", "content"),
    ]  # fmt: skip
    assert [admitted(route, who) for who in everybody] == statuses


def test_a_role_nobody_knows_admits_to_nothing():
    assert admitted(Route("GET", "/x", nothing), caller("")) == 403
    assert admitted(Route("GET", "/x", nothing), caller("root")) == 403


GUID = "046f9a7d-3c00-41db-9ac7-0d153f2edfdd"


def with_path(value: str):
    request = asking()
    request.scope["path_params"] = {"guid": value, "id": value}
    return request


def test_guids():
    assert guid_in(with_path(GUID)) == GUID
    assert guid_in(with_path(GUID.upper())) == GUID


@pytest.mark.parametrize(
    "value", ["", "x", GUID.replace("-", ""), "{" + GUID + "}", "urn:uuid:" + GUID, GUID + "\n", GUID[:-1], GUID + "0"]
)
def test_what_is_no_guid(value: str):
    with pytest.raises(ApiError) as caught:
        guid_in(with_path(value))
    assert (caught.value.status, caught.value.code) == (400, 3)


@pytest.mark.parametrize(
    ("value", "status"),
    [("1", 200), ("007", 200), (str(LARGEST_ID), 200), (str(LARGEST_ID + 1), 404), ("9" * 15, 404), ("9" * 16, 400),
     ("", 400), ("-1", 400), ("1.0", 400), ("1e3", 400), ("١", 400), ("²", 400), (" 1", 400), ("0x1", 400)],
)  # fmt: skip
def test_numbers(value: str, status: int):
    try:
        assert number_in(with_path(value), "id") == int(value)
        found = 200
    except ApiError as error:
        found = error.status
    assert found == status


@pytest.mark.parametrize(
    ("query", "found"),
    [("", 7), ("n=", None), ("n=3", 3), ("n=99", 10), ("n=0", None), ("n=-1", None), ("n=x", None), ("n=--3", None),
     ("n=-", None), ("n=1.5", None), ("n=%D9%A1", None), ("n=" + "9" * 30, None)],
)  # fmt: skip
def test_whole_numbers_of_queries(query: str, found: int | None):
    request = asking(target=f"/?{query}")
    if found is None:
        with pytest.raises(ApiError):
            whole(request, "n", 7, low=1, high=10)
    else:
        assert whole(request, "n", 7, low=1, high=10) == found
