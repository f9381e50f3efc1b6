"""Bokeh's launch line names the public origins, keeps the token small and signs sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from runners.contract import LaunchSpec
from runners.kinds.bokeh import KIND, VISIBLE_HEADERS


def test_command(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode, origins=("http://localhost:3939",))
    line = KIND.command(spec, 4001)
    assert line[1:7] == ["-I", "-u", "-m", "bokeh", "serve", str(spec.code / "app.py")]
    text = " ".join(line)
    assert "--port 4001 --prefix /content/g --allow-websocket-origin localhost:3939 --use-xheaders" in text
    assert line[-len(VISIBLE_HEADERS) :] == list(VISIBLE_HEADERS)
    assert "hush" not in text


def test_a_main_file_stands_for_its_folder(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode)
    (spec.code / "main.py").write_text("")
    assert KIND.command(replace(spec, entrypoint="main.py"), 1)[6] == str(spec.code)


def test_signed_and_ready_without_a_viewer(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode)
    assert KIND.variables(spec) == {"BOKEH_SIGN_SESSIONS": "true", "BOKEH_SECRET_KEY": "hush"}
    assert KIND.ready(spec) == "/content/g/static/js/bokeh.min.js"
