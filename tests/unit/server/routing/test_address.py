"""Raw targets to addresses: exact, or nothing."""

import pytest

from server.routing.address import find

GUID = "046f9a7d-3c00-41db-9ac7-0d153f2edfdd"


@pytest.mark.parametrize(
    ("target", "bundle", "inside", "query", "base"),
    [
        (f"/content/{GUID}", None, "", "", f"/content/{GUID}"),
        (f"/content/{GUID}/", None, "/", "", f"/content/{GUID}"),
        (f"/content/{GUID}?a=/b?c", None, "", "a=/b?c", f"/content/{GUID}"),
        (f"/content/{GUID}/a/../b%2f..//c", None, "/a/../b%2f..//c", "", f"/content/{GUID}"),
        (f"/content/{GUID}/_bundle12/", 12, "/", "", f"/content/{GUID}/_bundle12"),
        (f"/content/{GUID}/_bundle12", 12, "", "", f"/content/{GUID}/_bundle12"),
        (f"/content/{GUID}/_bundle12x/", None, "/_bundle12x/", "", f"/content/{GUID}"),
        (f"/content/{GUID}/x/_bundle12/", None, "/x/_bundle12/", "", f"/content/{GUID}"),
        (f"/content/{GUID}/_bundle/", None, "/_bundle/", "", f"/content/{GUID}"),
    ],
)
def test_addresses(target: str, bundle: int | None, inside: str, query: str, base: str):
    found = find(target.encode())
    assert found is not None
    assert (found.content_guid, found.bundle_id, found.inside, found.query) == (GUID, bundle, inside, query)
    assert found.base_path == base


@pytest.mark.parametrize(
    ("rest", "below"),
    [
        ("", "/"),
        ("?", "/?"),
        ("?a=/b", "/?a=/b"),
        ("/", "/"),
        ("/?", "/?"),
        ("/a%2Fb;v=1//c?d=%2e&e?", "/a%2Fb;v=1//c?d=%2e&e?"),
        ("//a", "//a"),
        ("/_bundle007/x", "/x"),
        ("/_bundle7?x", "/?x"),
    ],
)
def test_what_an_app_without_a_base_path_gets(rest: str, below: str):
    for guid in (GUID, GUID.upper()):
        found = find(f"/content/{guid}{rest}".encode())
        assert found is not None
        assert found.below == below.encode()


@pytest.mark.parametrize(
    "target",
    [
        "/", "", "*", "/content/", "/content", f"/content/{GUID}x/", f"/content/{GUID[:-1]}/", f"//content/{GUID}/",
        f"/content//{GUID}/", f"/Content/{GUID}/", f"/x/content/{GUID}/", f"http://h/content/{GUID}/",
        f"/content/%30{GUID[1:]}/", f"/content/{GUID.replace('-', '')}/", f"/content/{{{GUID}}}/",
        f"/content/{GUID}\\/", f"/content/{GUID}/_bundle99999999999/", "/content/../__api__/", f"/content/{GUID};x/",
        f"/content/{GUID}#/",
    ],
)  # fmt: skip
def test_everything_else_is_no_content(target: str):
    assert find(target.encode()) is None


def test_control_characters_do_not_end_the_match_early():
    assert find(f"/content/{GUID}\n".encode()) is None
    found = find(f"/content/{GUID}/\xff".encode("latin-1"))
    assert found is not None
    assert found.inside == "/\xff"
