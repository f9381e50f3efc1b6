"""Which content may use which kind of integration: both tables, every cell that differs."""

import pytest

from server.oauth.fitting import misfit


@pytest.mark.parametrize("auth_type", ["Viewer", "Visitor API Key"])
@pytest.mark.parametrize(
    ("app_mode", "access", "words"),
    [
        ("python-streamlit", "acl", None), ("python-panel", "logged_in", None), ("python-streamlit", "all", "open to"),
        ("", "acl", "Deploy the content first"), ("unknown", "acl", "Deploy the content first"),
        ("static", "acl", "Static"), ("jupyter-static", "acl", "rendered once"), ("rmd-static", "all", "rendered once"),
    ],
)  # fmt: skip
def test_what_acts_for_a_viewer(auth_type: str, app_mode: str, access: str, words: str | None):
    found = misfit(auth_type, app_mode, access)
    assert (found is None) if words is None else (words in (found or ""))


@pytest.mark.parametrize("access", ["all", "logged_in", "acl"])
@pytest.mark.parametrize("app_mode", ["", "python-panel", "quarto-static"])
def test_a_service_account_fits_all_but_static_content(app_mode: str, access: str):
    assert misfit("Service Account", app_mode, access) is None
    assert misfit("Service Account", "static", access) is not None


@pytest.mark.parametrize(
    ("auth_type", "fits"), [("Viewer", False), ("Visitor API Key", False), ("Service Account", True)]
)
def test_a_share_link_says_nothing_of_who_looks(auth_type: str, fits: bool):
    assert misfit(auth_type, "python-panel", "acl") is None
    assert (misfit(auth_type, "python-panel", "acl", shared=True) is None) is fits
