"""The launcher finds an app's object, answers readiness itself, and is plain enough for the oldest interpreter."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from runners import launcher


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.fixture
def code(tmp_path: Path) -> str:
    (tmp_path / "launched_pkg").mkdir()
    (tmp_path / "launched_pkg" / "web.py").write_text("import launched_side\napi = 'in a package'\n")
    (tmp_path / "launched_side.py").write_text("")
    (tmp_path / "launched-one.py").write_text("app = 'one'\nother = 'two'\n")
    (tmp_path / "empty_one.py").write_text("")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("launched-one", "one"),
        ("launched-one:other", "two"),
        ("launched-one.py", "one"),
        ("launched_pkg.web", "in a package"),
        ("launched_pkg/web.py", "in a package"),
    ],
)
def test_load(code: str, entry: str, found: str) -> None:
    assert launcher.load(code, entry, ("app", "api")) == found


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("empty_one", "empty_one defines no app or api"),
        ("launched-one:server", "launched-one defines no server"),
        ("json", "the name of an installed module"),
    ],
)
def test_load_explains(code: str, entry: str, says: str) -> None:
    with pytest.raises(SystemExit, match=says):
        launcher.load(code, entry, ("app", "api"))


def test_wsgi_readiness() -> None:
    asked: list[str] = []
    answer = launcher.wsgi_ready(lambda environ, _start: asked.append(environ["PATH_INFO"]) or [b"app"])
    started: list[Any] = []
    assert answer({"PATH_INFO": launcher.READY}, lambda *given: started.append(given)) == [b"ok"]
    assert started[0][0] == "200 OK"
    assert answer({"PATH_INFO": "/"}, None) == [b"app"]
    assert asked == ["/"]


async def test_asgi_readiness() -> None:
    asked: list[str] = []
    sent: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        asked.append(scope["type"])

    async def send(message: Any) -> None:
        sent.append(message)

    answer = launcher.asgi_ready(app)
    for path in (launcher.READY, "/base" + launcher.READY):
        await answer({"type": "http", "path": path, "root_path": "/base"}, None, send)
    assert [message.get("status") for message in sent] == [200, None, 200, None]
    await answer({"type": "lifespan"}, None, send)
    await answer({"type": "http", "path": "/", "root_path": ""}, None, send)
    assert asked == ["lifespan", "http"]


class Blocks:
    """In place of Gradio's."""

    def launch(self, share: bool = False, server_port: int = 0, show_error: bool = False, **kwargs: Any) -> None:
        """Remember the terms."""
        self.terms = {"share": share, "server_port": server_port, "show_error": show_error, **kwargs}


def gradio(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("gradio")
    module.Blocks = Blocks  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gradio", module)
    return module


@pytest.mark.parametrize("name", ["demo", "page"])
def test_gradio_is_launched_here_whatever_the_script_asks(
    monkeypatch: pytest.MonkeyPatch, code: str, name: str
) -> None:
    gradio(monkeypatch)
    script = f"import gradio\n{name} = gradio.Blocks()\n{name}.launch(True, 1, show_error=True, inbrowser=True)\n"
    Path(code, "gradio_script.py").write_text(script)
    launcher.run_gradio(code, "gradio_script", 4001, "/base")
    made = getattr(sys.modules["gradio_script"], name)
    assert made.terms == {"share": False, "server_port": 4001, "show_error": True}


def test_gradio_without_an_app(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    gradio(monkeypatch)
    with pytest.raises(SystemExit, match="empty_one defines no demo"):
        launcher.run_gradio(code, "empty_one", 1, "")


def test_dash_serves_its_flask_server(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    served: list[Any] = []
    waitress = SimpleNamespace(serve=lambda app, **terms: served.append(terms))
    dash = SimpleNamespace(Dash=type("Dash", (), {"server": SimpleNamespace(wsgi_app=None)}))
    monkeypatch.setitem(sys.modules, "waitress", waitress)
    monkeypatch.setitem(sys.modules, "dash", dash)
    Path(code, "dash_one.py").write_text("import dash\napp = dash.Dash()\nserver = app.server\nother = object()\n")
    for entry in ("dash_one", "dash_one:server"):
        launcher.run_dash(code, entry, 4001, "/base")
    assert [(terms["port"], terms["url_prefix"], terms["host"]) for terms in served] == [
        (4001, "/base", "127.0.0.1")
    ] * 2
    with pytest.raises(SystemExit, match="on Flask only"):
        launcher.run_dash(code, "dash_one:other", 4001, "/base")


@pytest.mark.parametrize("forced", [True, False])
def test_shiny_in_both_syntaxes(monkeypatch: pytest.MonkeyPatch, code: str, forced: bool) -> None:
    served: list[Any] = []
    express = SimpleNamespace(is_express_app=lambda path, folder: False, wrap_express_app=lambda path: path.name)
    monkeypatch.setitem(sys.modules, "uvicorn", SimpleNamespace(run=lambda app, **terms: served.append(terms)))
    monkeypatch.setitem(sys.modules, "shiny", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "shiny.express", express)
    wrapped: list[Any] = []
    monkeypatch.setattr(launcher, "asgi_ready", wrapped.append)
    launcher.run_shiny(code, "shiny.express.app:launched_2d_one_2e_py" if forced else "launched-one", 4001, "/base")
    assert wrapped == ["launched-one.py" if forced else "one"]
    assert (served[0]["root_path"], served[0]["loop"]) == ("", "asyncio")


def test_it_parses_on_the_oldest_interpreter() -> None:
    ast.parse(Path(launcher.__file__).read_text(), feature_version=(3, 8))


def test_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []
    monkeypatch.setitem(launcher.RUN, "wsgi", lambda *given: called.append(given))
    launcher.main(["wsgi", "--code", "/code", "--entry", "app", "--port", "7"])
    assert called == [("/code", "app", 7, "")]
