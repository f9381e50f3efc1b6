"""Requirements name packages; what steers the installer or reads this machine is refused by line."""

from __future__ import annotations

import pytest

from runners.environments.requirements import MAX_BYTES, RequirementRefused, read, with_added

HASH = "--hash=sha256:" + "a" * 64


def test_normalised() -> None:
    made = read(
        "\ufeff# made by hand\n\nStreamlit >= 1.50  # the framework\r\npandas[excel]>=2 ; python_version > '3.8'\n"
    )
    assert made.lines == ('pandas[excel]>=2; python_version > "3.8"', "Streamlit>=1.50")
    assert made.names == {"pandas", "streamlit"}
    assert made.text == read("Streamlit>=1.50\npandas[excel]>=2; python_version>'3.8'").text


def test_added_beside_what_is_listed() -> None:
    made = read("Flask==2.0\nuvicorn[standard]>=0.20")
    assert with_added(made, ("flask", "uvicorn")) == made
    more = with_added(made, ("waitress",))
    assert more.lines == ("Flask==2.0", "uvicorn[standard]>=0.20", "waitress")
    assert more.names == {"flask", "uvicorn", "waitress"}


def test_addresses_and_hashes() -> None:
    made = read(f"a @ https://files.example/a-1.zip#sha256={'b' * 64}\nb==1 \\\n    {HASH} \\\n    {HASH}\n")
    address, pinned = made.lines
    assert address.replace(" ", "") == f"a@https://files.example/a-1.zip#sha256={'b' * 64}"
    assert pinned == f"b==1 {HASH} {HASH}"
    assert made.text.count("--hash") == 2


@pytest.mark.parametrize(
    "line",
    [
        "a; " + "(" * 4000,
        "a" + ",".join([">=1"] * 2000),
        "a @ https://[" + "a" * 100,
        "--index-url http://evil",
        "--index-url=http://evil",
        "-i http://evil",
        "-e ../..",
        "-e .",
        "-f /etc",
        "--trusted-host evil",
        "-r other.txt",
        "-c c.txt",
        "--pre",
        "git+ssh://git@x/y",
        "git+https://x/y",
        "a @ git+https://x/y",
        "a @ file:///etc/passwd",
        "a @ http://evil/a.zip",
        "file:///etc",
        "./local",
        "/abs/pkg.whl",
        "../up",
        "~/x",
        "pkg/dir",
        "a.whl/../b",
        "https://x/y.zip",
        "a @ https://x/${UV_INDEX_URL}",
        "a --config-settings=x=y",
        "a --index-url http://evil",
        "not a requirement!",
        "a==1 \\\n -e .",
        "a @ https:///nohost",
        "a @ /etc/passwd",
        "a @ ../x",
    ],
)
def test_refused(line: str) -> None:
    with pytest.raises(RequirementRefused, match=r"requirements\.txt, line 2: .*\.$"):
        read(f"streamlit\n{line}\n")


def test_too_large() -> None:
    with pytest.raises(RequirementRefused, match="larger than"):
        read("#" * (MAX_BYTES + 1))


def test_an_unfinished_continuation_is_still_read() -> None:
    assert read("streamlit \\").names == {"streamlit"}
