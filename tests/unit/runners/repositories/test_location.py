"""Names of branches and folders: what git and a bundle could mean by them, and nothing else."""

import pytest

from runners.repositories.location import checked_branch, checked_directory


@pytest.mark.parametrize("name", ["main", "feature/x-1", "v1.2.3", "1dacc4dd", "grün", "a+b", "user@work", "_x"])
def test_names_of_branches(name: str):
    assert checked_branch(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "-x", "--upload-pack=touch", "a b", "a..b", "a//b", "/a", "a/", ".a", "a.", "a/.b", "a~1", "a^", "a:b", "a?",
     "a*", "a[", "a\\b", "a@{1}", "a\nb", "a\x7f", "x" * 256],
)  # fmt: skip
def test_what_is_no_branch(name: str):
    with pytest.raises(ValueError, match="must be the name of a branch"):
        checked_branch(name)


@pytest.mark.parametrize(
    ("given", "plain"),
    [(".", "."), ("", "."), ("./", "."), ("a", "a"), ("a//b/./c/", "a/b/c"), ("my app/ü", "my app/ü"), ("a.b", "a.b")],
)
def test_folders_in_plain_form(given: str, plain: str):
    assert checked_directory(given) == plain


@pytest.mark.parametrize("given", ["/etc", "..", "a/../..", "a\\b", "a\x00b", ".git", "a/.GIT/hooks", "x" * 1025])
def test_what_is_no_folder_inside(given: str):
    with pytest.raises(ValueError, match="must be a folder inside the repository"):
        checked_directory(given)
