"""Panel's launch line names the public origins, keeps the token small and signs sessions."""

from __future__ import annotations

from collections.abc import Callable

from runners.contract import LaunchSpec
from runners.kinds.bokeh import VISIBLE_HEADERS
from runners.kinds.panel import KIND


def test_command(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode, origins=("http://localhost:3939", "https://apps.example.org"))
    line = KIND.command(spec, 4001)
    assert line[:6] == [str(spec.environment.python), "-I", "-u", "-m", "panel", "serve"]
    assert line[6] == str(spec.code / "app.py")
    text = " ".join(line)
    assert "--prefix /content/g" in text
    assert "--allow-websocket-origin localhost:3939 --allow-websocket-origin apps.example.org" in text
    assert "--index app" in text
    assert line[-len(VISIBLE_HEADERS) :] == list(VISIBLE_HEADERS)
    assert not {"Cookie", "Authorization"} & set(VISIBLE_HEADERS)
    assert "hush" not in text


def test_signing(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode, base="")
    assert KIND.variables(spec) == {"BOKEH_SIGN_SESSIONS": "true", "BOKEH_SECRET_KEY": "hush"}
    assert "--prefix" not in KIND.command(spec, 1)
    assert KIND.ready(spec) == "/static/js/bokeh.min.js"
