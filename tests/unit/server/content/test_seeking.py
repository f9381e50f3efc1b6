"""What is typed to find content, taken apart."""

import pytest

from server.content.seeking import LONGEST, MOST_WORDS, Sought, sought


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", Sought()), ("   ", Sought()), ("Sea BREAM", Sought(words=["sea", "bream"])),
        ('"sea bream" x', Sought(words=["sea bream", "x"])), ('"unclosed word', Sought(words=["unclosed word"])),
        ("owner:@me", Sought(owners=["@me"])), ("owner:Ann,bob", Sought(owners=["ann", "bob"])),
        ("type:api,python-api", Sought(kinds=["api", "python-api"])),
        ('tag:"R and D",Sales', Sought(tags=["r and d", "sales"])),
        ("published:true locked:FALSE", Sought(published=True, locked=False)),
        ("is:published,unlocked", Sought(published=True, locked=False)), ("is:unpublished", Sought(published=False)),
        ("published:bogus is:strange x", Sought(words=["x"])), ("https://a.b/c", Sought(words=["https://a.b/c"])),
        ("owner: x", Sought(words=["owner:", "x"])), ("unknown:filter", Sought(words=["unknown:filter"])),
        ('""', Sought()), ("ÜBER", Sought(words=["über"])),
    ],
)  # fmt: skip
def test_words_phrases_and_filters(text: str, found: Sought):
    assert sought(text) == found


def test_what_is_endless_is_cut():
    assert len(sought("a b " * 1000).words) == MOST_WORDS
    assert len(sought("x" * 10_000).words[0]) == LONGEST
    assert sought('"' * 10_000).words == []
