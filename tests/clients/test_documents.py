"""Content without a process, published by the unmodified clients."""

from pathlib import Path

from tests.harness.gateway import Gateway
from tests.harness.publishing import app_copy, deploy


def site(where: Path, text: str) -> Path:
    for name, held in (("index.html", f'<link rel="stylesheet" href="css/a.css"><p>{text}'), ("css/a.css", "p {}")):
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(held)
    return where


def test_rsconnect_deploys_html(gateway: Gateway, home: Path, tmp_path: Path):
    guid = deploy(gateway, "html", site(tmp_path / "site", "one"), title="My site", home=home)
    page = gateway.visit(f"/content/{guid}/")
    assert (page.status_code, page.text.endswith("one")) == (200, True)
    assert page.headers["cache-control"] == "private, no-cache"
    style = gateway.visit(f"/content/{guid}/css/a.css")
    assert (style.text, style.headers["content-type"]) == ("p {}", "text/css; charset=utf-8")
    for hidden in ("manifest.json", "css", "nothing.html"):
        assert gateway.visit(f"/content/{guid}/{hidden}").status_code == 404
    assert gateway.api("GET", f"/v1/content/{guid}").json()["app_mode"] == "static"
    assert deploy(gateway, "html", site(tmp_path / "site", "two"), title="My site", home=home) == guid
    again = gateway.visit(f"/content/{guid}/", **{"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.text.endswith("two")) == (200, True)
    assert gateway.visit(f"/content/{guid}/", **{"If-None-Match": again.headers["etag"]}).status_code == 304


def test_rsconnect_deploys_a_notebook(gateway: Gateway, home: Path, tmp_path: Path):
    folder = app_copy("notebook_echo", tmp_path)
    source, picture = folder / "report.ipynb", folder / "dot.png"
    guid = deploy(
        gateway, "notebook", source, "-E", "GREETING=hello", "--hide-tagged-input", title="Report", home=home,
        extra=(str(picture),),
    )  # fmt: skip
    page = gateway.visit(f"/content/{guid}/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for shown in ("forty 42", "greeting hello", f"guid {guid}", '<b id="made">made by the kernel</b>'):
        assert shown in page.text
    assert "hidden source" not in page.text
    assert gateway.visit(f"/content/{guid}/dot.png").headers["content-type"] == "image/png"
    for hidden in ("report.ipynb", "requirements.txt", "manifest.json"):
        assert gateway.visit(f"/content/{guid}/{hidden}").status_code == 404
