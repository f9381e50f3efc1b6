"""Settings: parsers, precedence, and every problem at once."""

import base64
from pathlib import Path

import pytest

from server.settings import PARSERS, Settings, SettingsError, load

KEY = base64.b64encode(b"k" * 32).decode()


def problems(environ: dict[str, str] | None = None, config: Path | None = None, **overrides: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(overrides, config=config, environ=environ or {})
    return caught.value.problems


def test_defaults():
    settings = load({}, environ={})
    assert (settings.host, settings.port, settings.origin) == ("127.0.0.1", 3939, "http://localhost:3939")
    assert settings.callback_url == "http://localhost:3939/__oauth__/integrations/callback"
    assert settings.secure_cookies is False
    assert settings.bootstrap_secretkey is None


def test_options_over_environment_over_file_over_defaults(tmp_path: Path):
    config = tmp_path / "t.toml"
    config.write_text('port = 1111\nhost = "10.0.0.1"\nlog_level = "error"\n')
    environ = {"TABARD_PORT": "2222", "TABARD_HOST": "10.0.0.2"}
    settings = load({"port": "3333", "host": None}, config=config, environ=environ)
    assert (settings.port, settings.host, settings.log_level) == (3333, "10.0.0.2", "error")
    assert load({}, environ={"TABARD_CONFIG": str(config)}).port == 1111


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"), ("port", "65536"), ("port", "x"), ("port", "1.5"), ("port", ""), ("port", True),
        ("public_url", "example.org"), ("public_url", "https://"), ("public_url", "https://h/path"),
        ("public_url", "https://u:p@h"), ("public_url", "https://h?x"), ("public_url", "javascript:alert(1)"),
        ("allowed_hosts", [1]), ("database_url", "mysql://x"), ("database_url", "sqlite://x"),
        ("bootstrap_secretkey", "short"), ("bootstrap_secretkey", "!" * 60),
        ("bootstrap_secretkey", base64.b64encode(b"k" * 31).decode()),
        ("oauth_allow_local_providers", "yes"), ("oauth_allow_local_providers", "1"),
        ("session_idle", "0"), ("session_idle", "nan"), ("session_idle", "inf"), ("session_idle", "1e99"),
        ("max_bundle_size", "10"), ("log_level", "loud"), ("dashboard", "nocolon"), ("dashboard", "a:b:c"),
    ],
)  # fmt: skip
def test_what_no_setting_may_be(name: str, value: object):
    (found,) = problems(**{name: value})
    assert found.startswith(f"--{name.replace('_', '-')} has a value that cannot be used: expected")


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
    [
        ("public_url", "https://Apps.Example.org/", "https://apps.example.org"),
        ("public_url", "http://localhost:80", "http://localhost:80"),
        ("allowed_hosts", "a.b, c:3 ,", ("a.b", "c:3")),
        ("database_url", "postgres://h/n", "postgresql+psycopg://h/n"),
        ("database_url", "postgresql://h/n", "postgresql+psycopg://h/n"),
        ("oauth_allow_local_providers", " TRUE ", True),
        ("session_idle", "90", 90.0),
        ("dashboard", "", ""),
        ("bootstrap_secretkey", KEY + "\n", b"k" * 32),
    ],
)
def test_what_settings_become(name: str, value: str, parsed: object):
    assert getattr(load({name: value}, environ={}), name) == parsed


def test_all_problems_are_told_together_without_their_secrets(tmp_path: Path):
    config = tmp_path / "t.toml"
    config.write_text("prot = 1\n[table]\nx = 1\n")
    environ = {
        "TABARD_PORT": "x",
        "TABARD_BOOTSTRAP_SECRETKEY": "hunter2",
        "TABARD_LOG_LEVLE": "info",
        "TABARD_HOST": "a",
        "TABARD_HOST_FILE": "/etc/hostname",
    }
    found = problems(environ, config)
    assert len(found) == 6, found
    text = "\n".join(found)
    assert "hunter2" not in text
    assert "did you mean log_level?" in text
    assert "did you mean port?" in text
    assert "TABARD_HOST and TABARD_HOST_FILE are both set" in text


def test_secrets_from_files(tmp_path: Path):
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    assert load({}, environ={"TABARD_BOOTSTRAP_SECRETKEY_FILE": str(file)}).bootstrap_secretkey == b"k" * 32
    assert "cannot be read" in problems({"TABARD_BOOTSTRAP_SECRETKEY_FILE": str(tmp_path / "none")})[0]
    file.write_bytes(b"\xff\xfe")
    assert "not text" in problems({"TABARD_BOOTSTRAP_SECRETKEY_FILE": str(file)})[0]


def test_files_that_are_no_settings(tmp_path: Path):
    assert "cannot be read" in problems(config=tmp_path / "none")[0]
    (tmp_path / "t").write_text("= nonsense")
    assert "is not TOML" in problems(config=tmp_path / "t")[0]
    (tmp_path / "t").write_bytes(b"\xff")
    assert "is not TOML" in problems(config=tmp_path / "t")[0]


def test_secrets_are_not_in_the_repr():
    settings = load({"bootstrap_secretkey": KEY, "database_url": "postgresql://u:hunter2@h/n"}, environ={})
    assert "hunter2" not in repr(settings)
    assert "kkkk" not in repr(settings)


def test_hosts_and_origins():
    settings = load({"public_url": "https://apps.example.org", "allowed_hosts": "Inner:8080"}, environ={})
    assert settings.hosts == {"apps.example.org", "localhost:3939", "127.0.0.1:3939", "inner:8080"}
    assert settings.origins[0] == "https://apps.example.org"
    assert all(origin.startswith("https://") for origin in settings.origins)
    assert settings.secure_cookies is True


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:3939"), ("", "http://127.0.0.1:3939"), ("10.1.2.3", "http://10.1.2.3:3939")],
)
def test_where_apps_reach_us(host: str, url: str):
    assert Settings(host=host).internal_url == url
    assert Settings(host="::1").internal_url == "http://[::1]:3939"


def test_installers_get_their_variables_and_nothing_else():
    environ = {"HTTPS_PROXY": "http://p", "AWS_SECRET": "x", "PIP_CERT": "/c", "HOME": "/h"}
    settings = load({}, environ=environ)
    assert settings.installer_variables == {"HTTPS_PROXY": "http://p", "PIP_CERT": "/c"}
    assert settings.home == Path("/h")


def test_every_setting_has_a_parser():
    assert set(PARSERS) == {
        name for name in Settings.__dataclass_fields__ if name not in ("installer_variables", "home")
    }
