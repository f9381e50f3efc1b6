"""The extractor accepts what real tools make and leaves nothing of what it refuses."""

from __future__ import annotations

import gzip
import io
import platform
import random
import sys
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from runners.bundles import manifest
from runners.bundles.extract import extract
from runners.bundles.refusal import BundleRefused, Limits

Entry = tuple[tarfile.TarInfo, bytes]


def entry(name: str, data: bytes = b"x", **fields: object) -> Entry:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def plain_tar(entries: Iterable[Entry], tar_format: int = tarfile.PAX_FORMAT, *, manifest: bool = True) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as tar:
        for info, data in [*([entry("manifest.json", b"{}")] if manifest else []), *entries]:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def bundle(*entries: Entry, tar_format: int = tarfile.PAX_FORMAT) -> io.BytesIO:
    return io.BytesIO(gzip.compress(plain_tar(entries, tar_format)))


def refused(tmp_path: Path, archive: io.BytesIO, limits: Limits | None = None) -> BundleRefused:
    with pytest.raises(BundleRefused) as caught:
        extract(archive, tmp_path / "b", limits)
    assert list(tmp_path.iterdir()) == []
    return caught.value


@pytest.mark.parametrize("tar_format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_formats_with_unicode_and_long_names(tmp_path: Path, tar_format: int) -> None:
    names = ["app.py", "données/café.csv", "日本/图.txt", "d" * 60 + "/" + "f" * 70]
    if tar_format != tarfile.USTAR_FORMAT:
        names.append("e" * 120 + "/é" + "g" * 120)
    done = extract(bundle(*[entry(n, n.encode()) for n in names], tar_format=tar_format), tmp_path / "b")
    assert done.files == len(names) + 1
    assert done.manifest_dir == tmp_path / "b"
    for name in names:
        assert (tmp_path / "b" / name).read_bytes() == name.encode()
    assert done.bytes == sum(len(n.encode()) for n in names) + 2


def test_single_top_level_folder_holds_the_manifest(tmp_path: Path) -> None:
    data = plain_tar([entry("my-app/manifest.json", b"{}"), entry("my-app/app.py")], manifest=False)
    assert extract(io.BytesIO(gzip.compress(data)), tmp_path / "b").manifest_dir == tmp_path / "b" / "my-app"


def test_leading_dot_folders_are_fine(tmp_path: Path) -> None:
    folder = entry(".", b"", type=tarfile.DIRTYPE)
    extract(bundle(folder, entry("./pages/one.py"), entry("./pages", b"", type=tarfile.DIRTYPE)), tmp_path / "b")
    assert (tmp_path / "b" / "pages" / "one.py").is_file()


def test_modes_and_times_are_normalised(tmp_path: Path) -> None:
    extract(
        bundle(
            entry("setuid.sh", mode=0o4777, uid=0, mtime=-(2**31)),
            entry("none.py", mode=0, mtime=2**33),
            entry("folder", b"", type=tarfile.DIRTYPE, mode=0),
        ),
        tmp_path / "b",
    )
    for name, mode in [("setuid.sh", 0o644), ("none.py", 0o644), ("folder", 0o755), (".", 0o755)]:
        assert (tmp_path / "b" / name).stat().st_mode & 0o7777 == mode
    assert 0 < (tmp_path / "b" / "setuid.sh").stat().st_mtime < 2**33


@pytest.mark.parametrize(
    "name",
    [
        "/etc/x",
        "../x",
        "a/../../x",
        "a/..",
        "C:/x",
        "C:x",
        "a\\b",
        "a\nb",
        "a\x7fb",
        "a\u2028b",
        "x" * 256,
        "/".join("a" * 33),
        "/".join(["p" * 200] * 6),
    ],
)
def test_bad_names(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path, bundle(entry(name))).member


def test_name_that_is_not_utf8(tmp_path: Path) -> None:
    data = plain_tar([entry("caf\udce9.py")], tarfile.GNU_FORMAT)
    assert "UTF-8" in str(refused(tmp_path, io.BytesIO(gzip.compress(data))))


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CONTTYPE,
        tarfile.GNUTYPE_SPARSE,
        b"Z",
    ],
)
def test_only_files_and_folders(tmp_path: Path, kind: bytes) -> None:
    error = refused(tmp_path, bundle(entry("evil", b"", type=kind, linkname="../../data/db")))
    assert error.member == "evil"


def test_link_then_write_through(tmp_path: Path) -> None:
    link = entry("d", b"", type=tarfile.SYMTYPE, linkname="/tmp")
    assert refused(tmp_path, bundle(link, entry("d/x"))).member == "d"


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"path": "../x"}, "ok.py"),
        ({"path": "other.py"}, "ok.py"),
        ({"path": "café.py"}, "ok.py"),
        ({"size": "0"}, "ok.py"),
        ({"linkpath": "x"}, "ok.py"),
        ({"GNU.sparse.major": "1"}, "ok.py"),
        ({"path": "../" + "a" * 120}, "a" * 99),
    ],
)
def test_pax_overrides(tmp_path: Path, headers: dict[str, str], name: str) -> None:
    refused(tmp_path, bundle(entry(name, pax_headers=headers)))


def test_harmless_pax_records(tmp_path: Path) -> None:
    headers = {"comment": "made by hand", "mtime": "1700000000.5", "uname": "é"}
    assert extract(bundle(entry("ok.py", pax_headers=headers)), tmp_path / "b").files == 2


def test_global_pax_path_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", pax_headers={"path": "é"}) as tar:
        tar.addfile(entry("manifest.json", b"")[0])
    refused(tmp_path, io.BytesIO(gzip.compress(buffer.getvalue())))


@pytest.mark.parametrize(
    "names",
    [
        ("app.py", "App.py"),
        ("caf\u00e9.py", "cafe\u0301.py"),
        ("a.py", "a.py"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("A/x", "a/y"),
    ],
)
def test_collisions(tmp_path: Path, names: tuple[str, str]) -> None:
    refused(tmp_path, bundle(*[entry(n, n.encode()) for n in names]))


def garbage(data: bytes) -> bytes:
    return data + b"second manifest"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda g: g[:-9],
        lambda g: g[: len(g) // 2],
        garbage,
        lambda g: g + gzip.compress(b"\0" * 512),
        lambda g: b"",
        lambda g: b"PK\x03\x04" + g,
        lambda g: g[:-8] + b"\0" * 8,
    ],
)
def test_damaged_gzip(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    good = bundle(entry("app.py", random.Random(1).randbytes(3000))).getvalue()
    refused(tmp_path, io.BytesIO(spoil(good)))


@pytest.mark.parametrize("spoil", [garbage, lambda t: t.rstrip(b"\0"), lambda t: t + plain_tar([]), lambda t: t[:512]])
def test_damaged_tar(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    refused(tmp_path, io.BytesIO(gzip.compress(spoil(plain_tar([entry("a.py")])))))


def test_zero_padding_is_fine(tmp_path: Path) -> None:
    data = gzip.compress(plain_tar([entry("a.py")]) + b"\0" * 4096) + b"\0" * 700
    assert extract(io.BytesIO(data), tmp_path / "b").files == 2


def test_negative_size(tmp_path: Path) -> None:
    data = bytearray(plain_tar([], tarfile.GNU_FORMAT))
    data[124:136] = b"\xff" * 12
    data[148:156] = b" " * 8
    total = sum(data[:512])
    data[148:156] = f"{total:06o}\0 ".encode()
    refused(tmp_path, io.BytesIO(gzip.compress(bytes(data))))


@pytest.mark.parametrize(
    "limits",
    [
        Limits(files=2),
        Limits(file_bytes=10),
        Limits(expanded=600),
        Limits(compressed=100),
        Limits(seconds=-1),
        Limits(ratio_floor=1, ratio=2),
    ],
)
def test_limits(tmp_path: Path, limits: Limits) -> None:
    archive = bundle(*[entry(f"{n}.py", b"z" * 1000) for n in range(9)])
    assert refused(tmp_path, archive, limits).too_large


def test_bomb_stops_early(tmp_path: Path) -> None:
    archive = bundle(entry("zeros", b"\0" * 40_000_000))
    assert "times its compressed size" in str(refused(tmp_path, archive))


def test_pax_bomb(tmp_path: Path) -> None:
    refused(tmp_path, bundle(entry("a.py", pax_headers={"comment": "x" * 200_000})))


def test_no_manifest(tmp_path: Path) -> None:
    data = gzip.compress(plain_tar([entry("app.py")], manifest=False))
    assert refused(tmp_path, io.BytesIO(data)).member == "manifest.json"


def test_destination_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(FileExistsError):
        extract(bundle(), tmp_path / "b")


def test_a_bundle_made_by_rsconnect(tmp_path: Path) -> None:
    from rsconnect.bundle import make_api_bundle
    from rsconnect.environment import Environment
    from rsconnect.models import AppModes

    app = tmp_path / "app"
    (app / "données").mkdir(parents=True)
    (app / "app.py").write_text("import streamlit\n")
    (app / "requirements.txt").write_text("streamlit\n")
    (app / "données" / "été 日本.csv").write_text("a,b\n")
    environment = Environment.create_python_environment(str(app), "requirements.txt", sys.executable)
    made = make_api_bundle(str(app), "app.py", AppModes.STREAMLIT_APP, environment, [], [])
    done = extract(made, tmp_path / "b")
    made.close()
    assert manifest.read(done.manifest_dir).app_mode == "python-streamlit"
    assert manifest.read(done.manifest_dir).python_version == platform.python_version()
    assert (tmp_path / "b" / "données" / "été 日本.csv").read_text() == "a,b\n"
