"""A uv.lock becomes requirements with hashes, by the real uv and without the network."""

from pathlib import Path

import pytest
from uv import find_uv_bin

from runners.environments import requirements
from runners.environments.locked import LockProblem
from runners.environments.locked import requirements as read_lock
from runners.environments.package_files import PackageFileProblem, read

UV = Path(find_uv_bin())
PROJECT = '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.8"\ndependencies = ["six"]\n'
HASH = "0" * 64
LOCK = f"""
version = 1
revision = 3
requires-python = ">=3.8"

[[package]]
name = "app"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "six" }}]

[package.metadata]
requires-dist = [{{ name = "six" }}]

[[package]]
name = "six"
version = "1.17.0"
source = {{ registry = "https://index.example.org/simple" }}
wheels = [
    {{ url = "https://index.example.org/six-1.17.0-py2.py3-none-any.whl", hash = "sha256:{HASH}", size = 11050 }},
]
"""


def variables(tmp_path: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "UV_CACHE_DIR": str(tmp_path / "cache")}


async def test_every_package_with_its_hash(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "uv.lock").write_text(LOCK)
    text = await read_lock(read(tmp_path, "uv.lock"), UV, variables(tmp_path))
    assert requirements.read(text, "uv.lock").lines == (f"six==1.17.0 --hash=sha256:{HASH}",)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["pyproject.toml", "uv.lock"]


async def test_what_uv_cannot_read(tmp_path: Path):
    (tmp_path / "uv.lock").write_text("nonsense")
    with pytest.raises(PackageFileProblem, match=r"has no pyproject\.toml"):
        await read_lock(read(tmp_path, "uv.lock"), UV, variables(tmp_path))
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    with pytest.raises(LockProblem, match="write it again with `uv lock`") as caught:
        await read_lock(read(tmp_path, "uv.lock"), UV, variables(tmp_path))
    assert caught.value.output


async def test_a_project_leads_uv_nowhere(tmp_path: Path):
    (tmp_path / "uv.lock").write_text(LOCK)
    secret = tmp_path / "elsewhere" / "pyproject.toml"
    secret.parent.mkdir()
    secret.write_text("CANARY")
    for more in (f'members = ["{secret.parent}"]', 'members = ["/**"]'):
        (tmp_path / "pyproject.toml").write_text(f"{PROJECT}[tool.uv.workspace]\n{more}\n")
        assert "six==1.17.0" in await read_lock(read(tmp_path, "uv.lock"), UV, variables(tmp_path))
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a\\"b"\n')
    with pytest.raises(PackageFileProblem, match="does not give the project a name"):
        await read_lock(read(tmp_path, "uv.lock"), UV, variables(tmp_path))
