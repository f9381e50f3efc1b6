"""The command line without a server: help, wrong options, refusals."""

from pathlib import Path

import pytest

from server.cli import serve
from server.cli.main import COMMANDS, main
from server.installation import CannotOpen
from server.settings import SettingsError


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["serve", "--nonsense"], ["users"], ["users", "add"]])
def test_wrong_options_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: tabard" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["users", "add", "--help"], ["--version"], *([name, "--help"] for name in COMMANDS)]
)
def test_help_and_version(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    assert "tabard" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (SettingsError(["one is wrong", "two is wrong"]), 1, "  - one is wrong\n  - two is wrong\n"),
        (CannotOpen("The folder is not ours."), 1, "tabard: The folder is not ours.\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_known_problems_are_sentences(
    error: BaseException, code: int, words: str, monkeypatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    def fail(_arguments: object) -> int:
        raise error

    monkeypatch.setattr(serve, "run", fail)
    assert main(["serve", "--data-dir", str(tmp_path)]) == code
    assert words in capsys.readouterr().err
