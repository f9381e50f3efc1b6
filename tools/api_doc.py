"""`python tools/api_doc.py` writes the table of docs/api.md from the route table; a test compares them."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from server.api import api_routes
from server.installation import open_installation
from server.proxy.upstream import Upstream
from server.services import Network, assemble
from server.settings import load
from server.web.routes import Route

PAGE = Path(__file__).parents[1] / "docs/api.md"
BEGIN, END = "<!-- routes: made by tools/api_doc.py -->", "<!-- end of routes -->"
# What a route does, where its function's docstring is not for readers of a table.
SAID = {
    "GET /server_settings": "What clients ask first: the version whose behaviour this server has.",
    "GET /v1/server_settings": "The same.",
    "GET /server_settings/applications": "The access types there are.",
    "GET /v1/server_settings/python": "The interpreters apps can run on.",
    "GET /v1/server_settings/r": "None: an empty list.",
    "GET /v1/server_settings/quarto": "None: an empty list.",
    "GET /v1/server_settings/tensorflow": "None: an empty list.",
    "POST /v1/bootstrap": "The first administrator and a key, by a signed request.",
    "POST /v1/experimental/bootstrap": "The same.",
    "GET /v1/content": "What the caller may open; administrators see everything.",
    "GET /v1/search/content": "A page of content whose name, title or description holds `q`.",
    "GET /v1/content/{guid}/bundles/{id}/download": "The archive as it was uploaded.",
    "POST /v1/content/{guid}/deploy": "Build and start a version; serve it unless `activate` is false. Gives a task.",
    "PATCH /v1/content/{guid}/environment": "Set variables; null deletes one.",
    "PUT /v1/content/{guid}/environment": "Replace all variables.",
    "GET /v1/content/{guid}/oauth/integrations/associations": "The integrations this content may use.",
    "PUT /v1/content/{guid}/oauth/integrations/associations": "Replace that list.",
    "GET /v1/oauth/templates": "What is known of each vendor.",
    "GET /v1/oauth/templates/{key}": "One vendor.",
    "GET /v1/oauth/integrations": "The integrations the caller may use, oldest first.",
    "POST /v1/oauth/integrations": "A new integration.",
    "GET /v1/oauth/integrations/{guid}": "One integration, without its secrets.",
    "PATCH /v1/oauth/integrations/{guid}": "Change an integration; secrets that are not sent stay.",
    "DELETE /v1/oauth/integrations/{guid}": "Delete an integration and its connections.",
    "GET /v1/oauth/integrations/{guid}/associations": "Which content uses it.",
    "POST /v1/oauth/integrations/{guid}/verify": "Ask the provider for a service account's token now.",
    "POST /v1/oauth/integrations/credentials": "Trade a session handle for an access token; running apps only.",
    "GET /v1/oauth/integrations/credentials": "405: this is a POST.",
    "GET /v1/oauth/sessions": "The caller's connections; everybody's with `all=true`, for administrators.",
    "GET /v1/oauth/sessions/{guid}": "One connection.",
    "DELETE /v1/oauth/sessions/{guid}": "End a connection, at the provider too where that is possible.",
    "GET /v1/tasks/{id}": "How a deployment goes; `wait` in seconds, `first` line wanted.",
    "PUT /v1/users/{guid}": "Change a person: administrators anyone, others their own name and address.",
}


def routes() -> list[Route]:
    """Every route of the API, as a server with default settings has them."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load({"data_dir": str(Path(folder) / "data")}, environ={})
        opened = open_installation(settings)
        try:
            services = assemble(settings, opened, (), Network(Upstream, lambda _tag: 0, lambda _tag, _reason: None))
            services.passwords.close()
            return sorted(api_routes(services), key=lambda route: (route.path, route.method))
        finally:
            opened.close()


def table(found: list[Route]) -> str:
    """The routes as a table in Markdown."""
    lines = ["| route | who may call it | what |", "| --- | --- | --- |"]
    for route in found:
        name = f"{route.method} {route.path}"
        who = {None: "anyone", "viewer": "signed in"}.get(route.role, f"{route.role}s")
        own = ", the app itself" if route.content_key else ""
        first = (route.endpoint.__doc__ or "").strip().split("\n")[0]
        said = SAID.get(name) or re.sub(r" \([A-Z]-\d+\)|\s*\(connect-api[^)]*\)", "", first)
        lines.append(f"| `{name}` | {who}{own} | {said} |")
    return "\n".join(lines)


def main() -> int:
    """Rewrite the page's table."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table(routes())}\n{END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
