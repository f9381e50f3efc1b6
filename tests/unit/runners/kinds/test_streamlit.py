"""Streamlit's launch line fits the release in the content's environment and tells no secret."""

from __future__ import annotations

from collections.abc import Callable

from runners.contract import LaunchSpec
from runners.kinds.streamlit import KIND

NEWEST = '"server.trustedUserHeaders" "server.corsAllowedOrigins" "server.disconnectedSessionTTL"'


def options(line: list[str]) -> dict[str, list[str]]:
    start = next(n for n, word in enumerate(line) if word.startswith("--"))
    found: dict[str, list[str]] = {}
    for name, value in zip(line[start::2], line[start + 1 :: 2], strict=True):
        found.setdefault(name, []).append(value)
    return found


def test_newest(make_spec: Callable[..., LaunchSpec]) -> None:
    spec = make_spec(KIND.app_mode, options=NEWEST, origins=("https://a.example:8443", "http://b.example"))
    line = KIND.command(spec, 4001)
    assert line[:6] == [str(spec.environment.python), "-I", "-u", "-m", "streamlit", "run"]
    assert line[6] == str(spec.code / "app.py")
    given = options(line)
    assert given["--server.address"] == ["127.0.0.1"]
    assert given["--server.port"] == ["4001"]
    assert given["--server.baseUrlPath"] == ["/content/g"]
    assert given["--server.corsAllowedOrigins"] == ["https://a.example:8443", "http://b.example"]
    assert given["--browser.serverAddress"] == ["a.example"]
    assert given["--browser.serverPort"] == ["8443"]
    assert given["--server.trustedUserHeaders"] == ['{"X-App-User": "username", "X-App-Email": "email"}']
    assert "--server.websocketPingInterval" not in given
    assert "hush" not in " ".join(line)
    assert KIND.variables(spec) == {"STREAMLIT_SERVER_COOKIE_SECRET": "hush"}
    assert KIND.ready(spec) == "/content/g/_stcore/health"


def test_an_old_release_gets_no_option_it_does_not_know(make_spec: Callable[..., LaunchSpec]) -> None:
    given = options(KIND.command(make_spec(KIND.app_mode, base="", origins=()), 4001))
    assert not {"--server.trustedUserHeaders", "--server.corsAllowedOrigins"} & given.keys()
    assert given["--server.enableCORS"] == ["true"]
    assert given["--server.baseUrlPath"] == [""]
