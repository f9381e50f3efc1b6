"""What a bundle's requirements may say: packages by name or https address, and nothing that steers the installer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

_HASH = re.compile(r"\s--hash=(sha256|sha384|sha512):[0-9a-fA-F]{64,128}(?=\s|$)")
_VCS = re.compile(r"^(git|hg|svn|bzr)\+", re.IGNORECASE)
MAX_BYTES = 1024 * 1024
# What parsing one requirement takes grows with the square of its length, and no honest one is longer.
LONGEST = 4096


class RequirementRefused(Exception):
    """A line cannot be accepted; the text names the line and the fix."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """Checked requirements: `lines` in a fixed order, as the installer gets them, and the `names` they list."""

    lines: tuple[str, ...]
    names: frozenset[str]

    @property
    def text(self) -> str:
        """The file the installer reads."""
        return "".join(f"{line}\n" for line in self.lines)


def read(text: str, file: str = "requirements.txt") -> Requirements:
    """Check and normalise a requirements file (T-135). Raises RequirementRefused.

    Comments go, lines are sorted and written afresh, so two files that mean the same share an environment, and
    the installer reads nothing that was not checked here.
    """
    if len(text) > MAX_BYTES:
        raise RequirementRefused(f"{file} is larger than {MAX_BYTES} bytes.")
    lines = set()
    names = set()
    for number, line in _logical_lines(text):
        requirement, hashes = _parse(line, f"{file}, line {number}")
        lines.add(" ".join((str(requirement), *hashes)))
        names.add(canonicalize_name(requirement.name))
    return Requirements(tuple(sorted(lines, key=str.lower)), frozenset(names))


def with_added(wanted: Requirements, adds: Sequence[str]) -> Requirements:
    """`wanted` with the distributions a kind brings itself, as far as it does not list them already.

    `adds` are requirements such as "uvicorn". What the publisher lists stands as it is, whatever its version, and
    both are resolved together, so nothing that is pinned gives way.
    """
    missing = {line: name for line in adds if (name := canonicalize_name(Requirement(line).name)) not in wanted.names}
    lines = tuple(sorted({*wanted.lines, *missing}, key=str.lower))
    return Requirements(lines, wanted.names | frozenset(missing.values()))


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Lines with their first number: continuations joined, comments and blank lines gone."""
    found: list[tuple[int, str]] = []
    held, first = "", 0
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        first = first if held else number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        if whole := (held + line).strip():
            found.append((first, whole))
        held = ""
    if held.strip():
        found.append((first, held.strip()))
    return found


def _parse(line: str, where: str) -> tuple[Requirement, list[str]]:
    if line.startswith("-"):
        option = line.split("=", maxsplit=1)[0].split(maxsplit=1)[0]
        raise RequirementRefused(f"{where}: the option {option} is not allowed; list packages only.")
    if "${" in line:
        raise RequirementRefused(f"{where}: variables such as ${{NAME}} are not allowed; write the value.")
    hashes = [match.group(0).strip() for match in _HASH.finditer(line)]
    bare = _HASH.sub("", line).strip()
    if len(bare) > LONGEST:
        raise RequirementRefused(f"{where}: it is longer than {LONGEST} characters; write one package a line.")
    if re.search(r"\s--?[A-Za-z]", bare):
        raise RequirementRefused(f"{where}: options behind a package are not allowed, except --hash.")
    if _VCS.match(bare):
        raise RequirementRefused(f"{where}: version control addresses are not allowed; publish a release.")
    if re.match(r"^[A-Za-z][A-Za-z0-9+.-]*://", bare):
        raise RequirementRefused(f"{where}: write an address as 'name @ https://…'.")
    if bare.startswith((".", "/", "~", "\\")) or re.match(r"^[A-Za-z0-9_.-]*[/\\]", bare):
        raise RequirementRefused(f"{where}: local paths are not allowed; name a published package.")
    try:
        requirement = Requirement(bare)
        if requirement.url is not None:
            _check_address(requirement.url, where)
    # The other two: numbers of thousands of digits, and markers hundreds of brackets deep.
    except (InvalidRequirement, ValueError, RecursionError) as error:
        raise RequirementRefused(f"{where}: {bare[:100]!r} is not a requirement such as 'streamlit>=1.50'.") from error
    return requirement, hashes


def _check_address(url: str, where: str) -> None:
    if _VCS.match(url):
        raise RequirementRefused(f"{where}: version control addresses are not allowed; publish a release.")
    parts = urlsplit(url)
    if parts.scheme.lower() != "https" or not parts.hostname:
        raise RequirementRefused(f"{where}: only https addresses are allowed, not {parts.scheme or 'local'} paths.")
