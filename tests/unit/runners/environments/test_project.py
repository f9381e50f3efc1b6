"""A pyproject.toml is read in a process of its own: what it says, and what is refused."""

from pathlib import Path

import pytest

from runners.environments.package_files import PackageFile, PackageFileProblem
from runners.environments.project import dependencies


def project(text: str) -> PackageFile:
    return PackageFile("pyproject.toml", text, Path("/nowhere"))


async def test_the_dependencies_of_a_project():
    found = project('[project]\nname = "x"\ndependencies = ["flask>=3", "näme"]\n')
    assert await dependencies(found) == "flask>=3\nnäme\n"
    assert await dependencies(project("[project]")) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x =", "is not TOML"),
        ("[tool.poetry]", "has no .project. table"),
        ('[project]\ndynamic = ["dependencies"]', "are dynamic"),
        ("[project]\ndependencies = [1]", "must list its project.dependencies as texts"),
        ('[project]\ndependencies = ["a\\n-e ."]', "must list its project.dependencies as texts"),
        # Each of these took the server with it: gigabytes, or an error nobody expected.
        pytest.param(".".join("a" * 20_000) + " = 1\n[project]", "too long or too deep", id="a long dotted key"),
        pytest.param("a = " + "[" * 100_000, "too long or too deep", id="deep lists"),
        pytest.param("a = " + "9" * 5_000, "too long or too deep", id="a long number"),
    ],
)
async def test_what_is_no_project(text: str, says: str):
    with pytest.raises(PackageFileProblem, match=says):
        await dependencies(project(text))
