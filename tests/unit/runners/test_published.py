"""Which files viewers may open, and that no spelling of a path reaches another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runners import published
from runners.bundles import manifest
from runners.kinds.entrypoint import EntrypointProblem
from runners.published import Moved, Published, find

FILES = ("index.html", "docs/index.html", "docs/deep/a b.html", "data/x.csv", ".env", "docs/.git/config", "secret.txt")


def bundle(root: Path, listed: list[str], *, files: tuple[str, ...] = FILES, **metadata: str) -> Published:
    code = root / "code"
    document = {"metadata": {"appmode": "static", **metadata}, "files": {name: {} for name in listed}}
    for name in (*files, "manifest.json"):
        path = code / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document) if name == "manifest.json" else name)
    return published.of_bundle(code, manifest.read(code), "m")


def test_what_is_listed_or_lies_beneath_it(tmp_path: Path) -> None:
    found = bundle(tmp_path, ["./index.html", "docs/", "data/x.csv", "manifest.json", ".env"])
    assert found.names == {"index.html", "docs/index.html", "docs/deep/a b.html", "data/x.csv"}
    assert found.primary == "index.html"


def test_links_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    (tmp_path / "code").mkdir()
    (tmp_path / "code/link.html").symlink_to(tmp_path / "outside")
    (tmp_path / "code/folder").symlink_to(tmp_path)
    assert bundle(tmp_path, ["link.html", "folder", "index.html"]).names == {"index.html"}


def test_the_page_itself(tmp_path: Path) -> None:
    assert bundle(tmp_path / "a", [], primary_html="docs/deep/a b.html").names == {"docs/deep/a b.html"}
    assert bundle(tmp_path / "b", [], entrypoint="secret.txt").primary == "secret.txt"
    assert bundle(tmp_path / "c", [], files=("report.HTML", "x.css")).primary == "report.HTML"
    with pytest.raises(EntrypointProblem, match=r"no file 'gone.html'"):
        bundle(tmp_path / "d", [], primary_html="gone.html")
    for files in (("a.html", "b.html"), ("x.css", "sub/a.html")):
        with pytest.raises(EntrypointProblem, match="names no page"):
            bundle(tmp_path / files[0], [], files=files)


def test_of_rendering(tmp_path: Path) -> None:
    for name in ("index.html", "plot.png", "manifest.json", ".hidden"):
        (tmp_path / name).write_text(name)
    assert published.of_rendering(tmp_path, "index.html", "r").names == {"index.html", "plot.png"}


SITE = Published(
    Path("/srv"), frozenset({"index.html", "docs/index.html", "docs/a b.html", "ü.html"}), "index.html", "m"
)


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("", "index.html"), ("/", "index.html"), ("/index.html", "index.html"), ("/docs/", "docs/index.html"),
        ("/docs", Moved("/docs/")), ("/docs/a%20b.html", "docs/a b.html"), ("/%C3%BC.html", "ü.html"),
        ("/%69ndex.html", "index.html"), ("/docs//index.html", None), ("//index.html", None), ("/nothing", None),
        ("/docs%2Findex.html", None), ("/docs%2findex.html", None), ("/../srv/index.html", None),
        ("/docs/../index.html", None), ("/%2e%2e/index.html", None), ("/docs/%00", None), ("/%FF", None),
        ("/docs\\index.html", None), ("/manifest.json", None), ("/index.html/", None), ("/.env", None),
        ("/%252e/index.html", None),
    ],
)  # fmt: skip
def test_a_path_means_a_listed_name_or_nothing(inside: str, found: object) -> None:
    assert find(SITE, inside) == found


def test_a_page_in_a_folder_is_shown_in_its_folder() -> None:
    assert find(Published(Path("/srv"), frozenset(), "my site/a.html", "m"), "/") == Moved("/my%20site/a.html")
