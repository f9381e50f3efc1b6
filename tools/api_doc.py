"""`python tools/api_doc.py` writes the table of docs/api.md from the route table; a test compares them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from server.api import api_routes
from server.installation import open_installation
from server.proxy.upstream import Upstream
from server.services import Network, assemble
from server.settings import load
from server.web.openapi import summary
from server.web.routes import Route

PAGE = Path(__file__).parents[1] / "docs/api.md"
BEGIN, END = "<!-- routes: made by tools/api_doc.py -->", "<!-- end of routes -->"


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
        who = {None: "anyone", "viewer": "signed in"}.get(route.role, f"{route.role}s")
        own = ", the app itself" if route.content_key else ""
        what = summary(route).replace("|", "&#124;")
        lines.append(f"| `{route.method} {route.path}` | {who}{own} | {what} |")
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
