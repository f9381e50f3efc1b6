import pytest

from integrations.contract import Secret
from integrations.errors import ClientRejected, ConsentEnded, Malformed, Passing
from integrations.grants.refresh import refresh


async def test_the_stored_token_is_traded(provider, make_config):
    provider.says(200, json={"access_token": "new", "refresh_token": "rotated", "expires_in": 60})
    tokens = await refresh(provider.client, make_config(), refresh_token=Secret("old"), scopes=("read",))
    assert provider.form == {"grant_type": ["refresh_token"], "refresh_token": ["old"]}
    assert (tokens.access_token, tokens.refresh_token, tokens.expires_in) == (Secret("new"), Secret("rotated"), 60.0)


@pytest.mark.parametrize("members", [{}, {"refresh_token": ""}, {"refresh_token": None}])
async def test_an_answer_without_a_refresh_token_keeps_the_old(provider, make_config, members):
    provider.says(200, json={"access_token": "new", **members})
    assert (await refresh(provider.client, make_config(), refresh_token=Secret("old"))).refresh_token is None


async def test_scopes_are_repeated_only_where_a_vendor_needs_them(provider, make_config):
    provider.says(200, json={"access_token": "new"})
    config = make_config(send_scope_on_refresh=True)
    await refresh(provider.client, config, refresh_token=Secret("old"), scopes=("a", "b"))
    assert provider.form["scope"] == ["a b"]
    await refresh(provider.client, config, refresh_token=Secret("old"))
    assert "scope" not in provider.form


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"error": "invalid_grant"}, ConsentEnded),
        (200, {"error": "bad_refresh_token"}, ConsentEnded),
        (401, {"error": "invalid_client"}, ClientRejected),
        (503, {}, Passing),
        (200, {"ok": True}, Malformed),
    ],
)
async def test_failures_are_sorted(provider, make_config, status, body, expected):
    provider.says(status, json=body)
    with pytest.raises(expected) as caught:
        await refresh(provider.client, make_config(), refresh_token=Secret("CANARY-refresh"))
    assert "CANARY" not in repr(caught.value)


@pytest.mark.parametrize(("style", "kept"), [("rotate", Secret("new")), ("static", None), ("none", None)])
async def test_a_template_may_keep_the_first_refresh_token_or_none(provider, make_config, style, kept):
    provider.says(200, json={"access_token": "at", "token_type": "bearer", "refresh_token": "new"})
    tokens = await refresh(provider.client, make_config(refresh_style=style), refresh_token=Secret("old"))
    assert tokens.refresh_token == kept
