"""Publishers set what is theirs; the rest of an app's environment is the server's."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.variables import assemble, refused


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "CONNECT_SERVER",
        "BOKEH_SECRET_KEY",
        "TABARD_INSTANCE",
        "BASH_ENV",
        "STREAMLIT_SERVER_PORT",
        "pythonpath",
        "",
        "A-B",
        "1A",
        "A=B",
        "A\n",
        "É",
    ],
)
def test_refused(name: str) -> None:
    reason = refused(name)
    assert reason is not None
    assert reason.endswith(".")


@pytest.mark.parametrize("name", ["DATABASE_URL", "_x", "STREAMLIT_THEME_BASE", "OPENAI_API_KEY", "TZ", "lower"])
def test_allowed(name: str) -> None:
    assert refused(name) is None


def test_the_servers_names_win() -> None:
    given = {
        "PATH": "/evil",
        "LD_PRELOAD": "x.so",
        "PYTHONPATH": "/evil",
        "CONNECT_SERVER": "s",
        "MINE": "1",
        "TZ": "UTC",
    }
    made = assemble(
        key="k1",
        run_dir=Path("/run/x"),
        interpreter=Path("/env/bin/python"),
        given=given,
        kind={"BOKEH_SECRET_KEY": "s"},
        timezone="Europe/Paris",
    )
    assert made == {
        "PATH": "/env/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/run/x/home",
        "TMPDIR": "/run/x/tmp",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "TABARD_INSTANCE": "k1",
        "TZ": "Europe/Paris",
        "CONNECT_SERVER": "s",
        "MINE": "1",
        "BOKEH_SECRET_KEY": "s",
    }
