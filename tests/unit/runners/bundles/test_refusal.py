"""A refusal names the member."""

from __future__ import annotations

from runners.bundles.refusal import BundleRefused


def test_text() -> None:
    assert str(BundleRefused("a.py", "It is a link.")) == "'a.py': It is a link."
    assert str(BundleRefused("", "Too large.", too_large=True)) == "Too large."
