"""A search for the default role narrows the list; one for any role does not."""

import pytest

from dashboard.views.authorizations import Filter


@pytest.mark.parametrize(
    ("wanted", "narrows"),
    [(Filter(), False), (Filter(person="a"), True), (Filter(integration="i"), True), (Filter(role=""), True)],
)
def test_what_narrows(wanted: Filter, narrows: bool) -> None:
    assert wanted.anything is narrows
