"""Why there is no token, in words for people; one error is raised afresh for each who waits."""

import pytest

from server.vault.errors import IntegrationBroken, NeedsConsent, NotConnected, TryLater, VaultError, said


@pytest.mark.parametrize("error", [NotConnected(), NeedsConsent("expired"), IntegrationBroken("x"), TryLater("y", 2.5)])
def test_every_waiter_gets_a_copy_of_its_own(error: VaultError):
    copy = error.again()
    assert copy is not error
    assert (type(copy), copy.args, vars(copy)) == (type(error), error.args, vars(error))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("", ""), ("expired", "has expired"), ("changed", "An administrator changed"), ("damaged", "not be opened"),
        ("missing_scopes: read write", "asked for: read write."), ("invalid_grant", "The provider ended"),
        ("<script>", "The provider ended"),
    ],
)  # fmt: skip
def test_reasons_are_our_own_words(reason: str, words: str):
    assert words in said(reason)
    assert bool(said(reason)) is bool(reason)
    assert "<" not in said(reason)
