"""Shows every screen with made-up data: serves them, or takes a picture of each and asks axe about it.

    python tools/preview_pages.py serve [--port 8765]
    python tools/preview_pages.py shoot OUT [--only SLUG,SLUG] [--schemes light,dark] [--widths 1280,390] [--no-axe]

Pages are served with the headers of the real gateway, so a breach of the content security policy shows here first.
"""

from __future__ import annotations

import argparse
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from dashboard import render as dashboard_render
from server.pages import render as gate_render
from server.pages.headers import security_headers
from tools.page_samples import Sample, samples

BROWSER = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
KNOWN = {sample.slug: sample for sample in samples()}


class Preview(BaseHTTPRequestHandler):
    """Answers /<slug> with that screen, and the static files at their real addresses."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        for prefix, folder in (("/static/", gate_render.STATIC), ("/dashboard-static/", dashboard_render.STATIC)):
            if path.startswith(prefix) and ".." not in path:
                return self.file(folder / path.removeprefix(prefix))
        if path == "/favicon.svg":
            return self.file(gate_render.STATIC / "favicon.svg")
        sample = KNOWN.get(path.strip("/"))
        if sample is None:
            links = "".join(f'<li><a href="/{slug}">{slug}</a>' for slug in KNOWN)
            return self.reply(200, "text/html; charset=utf-8", f"<ul>{links}</ul>".encode(), {})
        headers = security_headers(sample.screen, https=False)
        return self.reply(200, "text/html; charset=utf-8", sample.html().encode(), headers)

    def file(self, path: Path) -> None:
        if not path.is_file():
            return self.reply(404, "text/plain", b"no such file", {})
        return self.reply(200, TYPES.get(path.suffix, "text/plain"), path.read_bytes(), {})

    def reply(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the parent's
        """Says nothing: the pictures are the output."""


def shoot(out: Path, wanted: list[Sample], schemes: list[str], widths: list[int], with_axe: bool) -> int:
    """Takes the pictures; returns how many faults there were (overflow, console errors, axe violations)."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Preview)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    faults = 0
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        for scheme in schemes:
            for width in widths:
                context = browser.new_context(
                    viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=False
                )
                page = context.new_page()
                said: list[str] = []
                page.on("console", lambda message, said=said: said.append(message.text))
                page.on("pageerror", lambda error, said=said: said.append(str(error)))
                for sample in wanted:
                    if sample.screen == "connect_hash":
                        continue  # it leaves at once
                    said.clear()
                    page.goto(f"http://127.0.0.1:{server.server_port}/{sample.slug}")
                    name = f"{sample.slug}-{width}-{scheme}"
                    page.screenshot(path=out / f"{name}.png", full_page=True)
                    found = list(said)
                    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                        found.append("wider than the window")
                    if with_axe:
                        result = Axe().run(page)
                        for violation in result.response["violations"]:
                            nodes = "; ".join(
                                f"{node['target']} {node['failureSummary'][:300]}" for node in violation["nodes"][:3]
                            )
                            found.append(f"axe {violation['id']}: {nodes}")
                    for fault in found:
                        print(f"{name}: {fault}")
                    faults += len(found)
                context.close()
        browser.close()
    server.shutdown()
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve")
    serve.add_argument("--port", type=int, default=8765)
    pictures = commands.add_parser("shoot")
    pictures.add_argument("out", type=Path)
    pictures.add_argument("--only", default="")
    pictures.add_argument("--schemes", default="light,dark")
    pictures.add_argument("--widths", default="1280,390")
    pictures.add_argument("--no-axe", action="store_true")
    chosen = parser.parse_args()
    if chosen.command == "serve":
        print(f"http://127.0.0.1:{chosen.port}/")
        ThreadingHTTPServer(("127.0.0.1", chosen.port), Preview).serve_forever()
    wanted = [KNOWN[slug] for slug in chosen.only.split(",") if slug] or list(KNOWN.values())
    widths = [int(width) for width in chosen.widths.split(",")]
    faults = shoot(chosen.out, wanted, chosen.schemes.split(","), widths, not chosen.no_axe)
    print(f"{len(wanted)} screens, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
