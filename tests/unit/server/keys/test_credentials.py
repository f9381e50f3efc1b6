"""Random credentials and their digests."""

from server.keys.credentials import digest, new_key, new_token


def test_keys_are_long_different_and_recognisable():
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("tbk_") and len(key) >= 40 for key in keys)
    assert all(len(new_token()) >= 43 for _ in range(10))


def test_digests_take_whatever_was_sent():
    assert digest("x") == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert len(digest("\udcff")) == 64
