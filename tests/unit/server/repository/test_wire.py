"""The described forms are those that the checks accept."""

import re

from runners.repositories.location import FOLDER, REF, checked_branch, checked_directory
from server.repository.address import checked_repository
from server.repository.wire import ADDRESS


def test_what_is_described_is_accepted():
    for url in ("https://example.org/a-b/c_d.git", "https://a.b-c.example.org"):
        assert re.search(ADDRESS, url)
        assert checked_repository(url, allow_local=False) == url
    for name in ("main", "a/b.c"):
        assert re.search(REF, name)
        assert checked_branch(name)
    for folder in (".", "a/b c"):
        assert re.search(FOLDER, folder)
        assert checked_directory(folder)
