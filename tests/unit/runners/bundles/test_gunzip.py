"""The gzip stream is one member, counted as it expands."""

from __future__ import annotations

import gzip
import io
import os

import pytest

from runners.bundles.gunzip import Gunzip
from runners.bundles.refusal import BundleRefused, Limits


class Pipe(io.BytesIO):
    """A source whose size cannot be told, as an upload's body."""

    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize("source", [io.BytesIO, Pipe])
def test_reads_exactly_what_is_asked(source: type[io.BytesIO]) -> None:
    data = os.urandom(300_000)
    stream = Gunzip(source(gzip.compress(data)), Limits())
    parts = [stream.read(size) for size in (1, 511, 65_536, 1_000_000, 10)]
    assert b"".join(parts) == data
    assert [len(part) for part in parts[:3]] == [1, 511, 65_536]
    stream.finish()
    assert stream.expanded == len(data)


@pytest.mark.parametrize("source", [io.BytesIO, Pipe])
def test_a_bomb_is_refused_by_ratio(source: type[io.BytesIO]) -> None:
    stream = Gunzip(source(gzip.compress(b"\0" * 5_000_000)), Limits(ratio_floor=1_000_000))
    with pytest.raises(BundleRefused, match="times its compressed size") as caught:
        stream.read(5_000_000)
    assert caught.value.too_large
    assert stream.expanded < 1_200_000


def test_compressible_beginnings_are_fine_when_the_whole_is() -> None:
    data = b"\0" * 3_000_000 + os.urandom(100_000)
    stream = Gunzip(io.BytesIO(gzip.compress(data)), Limits(ratio_floor=1_000_000))
    assert stream.read(len(data)) == data


def test_too_much_input() -> None:
    stream = Gunzip(Pipe(gzip.compress(os.urandom(200_000))), Limits(compressed=100_000))
    with pytest.raises(BundleRefused, match="larger than 100000 bytes"):
        stream.read(200_000)
