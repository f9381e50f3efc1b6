"""Shiny's entry points are found in both syntaxes, however the clients escape them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rsconnect.shiny_express import escape_to_var_name

from runners.contract import LaunchSpec
from runners.kinds.entrypoint import EntrypointProblem
from runners.kinds.shiny import KIND, locate


@pytest.mark.parametrize("file", ["app.py", "my app-1.py", "pages/_über.py", "7.py"])
def test_express_files(make_spec: Callable[..., LaunchSpec], file: str) -> None:
    spec = make_spec(KIND.app_mode)
    (spec.code / "pages").mkdir()
    (spec.code / file).write_text("")
    entry = f"shiny.express.app:{escape_to_var_name(file)}"
    assert locate(spec.code, entry) == spec.code / file
    line = KIND.command(replace(spec, entrypoint=entry), 4001)
    assert line[4:9] == ["shiny", "--code", str(spec.code), "--entry", entry]


def test_core_files(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode)
    assert locate(spec.code, "app") == locate(spec.code, "app:app") == spec.code / "app.py"


@pytest.mark.parametrize(
    "escaped", ["_2f_etc_2f_passwd_2e_py", "_2e__2e__2f_app_2e_py", "app", "", "_fffff_", "no_2e_py"]
)
def test_bad_ones(make_spec: Callable[..., LaunchSpec], escaped: str) -> None:
    with pytest.raises(EntrypointProblem, match=r"\.$"):
        locate(make_spec(KIND.app_mode).code, f"shiny.express.app:{escaped}")


def test_it_is_told_who_is_looking() -> None:
    assert KIND.traits.credentials_header == "Shiny-Server-Credentials"
