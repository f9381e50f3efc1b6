"""What the integration views promise about what they carry."""

import dataclasses

import pytest

from tools.page_samples import integration_samples

VIEWS = [view for _, _, view in integration_samples()]


@pytest.mark.parametrize("view", VIEWS, ids=[type(view).__name__ for view in VIEWS])
def test_views_cannot_be_changed_once_made(view: object) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        view.page = None  # type: ignore[attr-defined]
