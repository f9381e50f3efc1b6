"""Programs are looked for in the system's folders, whatever PATH says."""

from pathlib import Path

from runners import tools


def test_find(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "quarto").write_text("#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "quarto").chmod(0o755)
    monkeypatch.setattr(tools, "FOLDERS", ("/bin",))
    assert tools.find("quarto") is None
    assert tools.find("sh") == Path("/bin/sh")
    monkeypatch.setattr(tools, "FOLDERS", (str(tmp_path),))
    assert tools.find("quarto") == tmp_path / "quarto"
