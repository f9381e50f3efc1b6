"""`tabard sandbox-provider`: what it is told reaches the provider."""

from pathlib import Path
from typing import Any

import pytest

from integrations.sandbox import run as provider
from server.cli import sandbox_provider
from server.cli.main import main


@pytest.fixture
def served(monkeypatch) -> list[Any]:
    calls: list[Any] = []

    def serve(host: str, port: int, *, admin_token: str, clients_file: Path | None, vendor: str) -> int:
        calls.append((host, port, clients_file, vendor, admin_token))
        return 7

    monkeypatch.setattr(provider, "run", serve)
    monkeypatch.setattr(sandbox_provider, "stop_is_no_failure", lambda: calls.append("stops in order"))
    return calls


def test_options_reach_the_provider_and_its_code_comes_back(served: list[Any], tmp_path: Path):
    (tmp_path / "token").write_text("hush\n")
    assert main(["sandbox-provider", "--port", "3940"]) == 7
    assert main(["sandbox-provider", "--host", "::1", "--port", "1", "--clients", "c.json"]) == 7
    more = ["--as", "snowflake", "--admin-token-file", str(tmp_path / "token")]
    assert main(["sandbox-provider", "--port", "2", *more]) == 7
    assert [call for call in served if call != "stops in order"] == [
        ("127.0.0.1", 3940, None, "", ""),
        ("::1", 1, Path("c.json"), "", ""),
        ("127.0.0.1", 2, None, "snowflake", "hush"),
    ]
    assert served[0] == "stops in order"


@pytest.mark.parametrize("arguments", [[], ["--port", "x"]])
def test_it_needs_a_port(served: list[Any], arguments: list[str]):
    with pytest.raises(SystemExit) as caught:
        main(["sandbox-provider", *arguments])
    assert (caught.value.code, served) == (2, [])
