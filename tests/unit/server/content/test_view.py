"""What the gateway holds of a content item cannot be changed under it."""

from dataclasses import FrozenInstanceError

import pytest

from server.content.view import ContentView


def test_its_path_and_that_it_stays():
    view = ContentView(1, "g", "app", "Sales", 2, "o", "Olga", "acl", "", None, False, "", {})
    assert view.path == "/content/g"
    with pytest.raises(FrozenInstanceError):
        view.access_type = "all"  # type: ignore[misc]
