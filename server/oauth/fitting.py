"""Which content may use which kind of integration: Posit's two tables as one pure decision (connect-behaviour 2)."""

from __future__ import annotations

VIEWER_TYPES = ("Viewer", "Visitor API Key")
UNDEPLOYED = ("", "unknown")
STATIC = ("static",)
RENDERED = ("jupyter-static", "quarto-static", "rmd-static")


def misfit(auth_type: str, app_mode: str, access_type: str, *, shared: bool = False) -> str | None:
    """Why content may not use an integration of this type, as a sentence; None when it may.

    `shared`: share links open the content to whoever has them.
    """
    if app_mode in STATIC:
        return "Static content runs no code that could use an integration."
    if auth_type not in VIEWER_TYPES:
        return None
    if app_mode in UNDEPLOYED:
        return "Deploy the content first: only interactive content can use an integration that acts for its viewer."
    if app_mode in RENDERED:
        return (
            "This content is rendered once for everybody, so it cannot act for its viewer; "
            "use a Service Account integration."
        )
    if access_type == "all":
        return (
            "This content is open to anyone without signing in, so there is no viewer to act for; "
            "change its access to logged_in or acl, or use a Service Account integration."
        )
    if shared:
        return (
            "Share links open this content without signing in, so there is not always a viewer to act for; "
            "revoke the links, or use a Service Account integration."
        )
    return None
