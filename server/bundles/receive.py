"""Receives an upload: raw gzip, chunked or not, or multipart with metadata, into a file, within limits."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from server.web.errors import ApiError, invalid

CHECKSUM = 104
WRITE_FAILED = 134
CANNOT_EXTRACT = 135
INVALID_URL = 232
BUFFER = 1024 * 1024
METADATA_LIMIT = 64 * 1024
ADDRESS_LIMIT = 2048
# What a multipart upload may hold beside its archive: boundaries, header fields, metadata.
BESIDES = 1024 * 1024
# An upload that brings less than this in the time allowed for silence is not an upload.
LEAST_PROGRESS = 64 * 1024


@dataclass(frozen=True)
class Limits:
    """How large an archive may be, in bytes, and for how many seconds an upload may all but stand still."""

    size: int
    patience: float = 30.0


@dataclass
class Upload:
    """A received archive. `path` is a durable file; the caller moves or deletes it."""

    path: Path
    size: int = 0
    md5: str = ""
    sha1: str = ""
    sha256: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Elsewhere:
    """The request names an address that the archive is to be fetched from."""

    url: str
    metadata: dict[str, str]


class Spool:
    """Writes the archive's bytes to a file off the event loop, hashing as it goes."""

    def __init__(self, path: Path, limit: int) -> None:
        self._limit, self._path = limit, path
        self.kept = False
        self._file = open(path, "xb", opener=lambda p, flags: os.open(p, flags, 0o600))  # noqa: SIM115
        self._buffer = bytearray()
        self.size = 0
        # MD5 and SHA-1 are what Connect's clients compare (connect-api.md 2.3), not a protection.
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.sha1 = hashlib.sha1(usedforsecurity=False)
        self.sha256 = hashlib.sha256()

    def feed(self, data: bytes) -> None:
        """Take bytes into memory; `drain` writes them. Raises ApiError 413."""
        self._buffer += data
        if self.size + len(self._buffer) > self._limit:
            raise ApiError(413, CANNOT_EXTRACT, f"The bundle is larger than {self._limit} bytes; leave large data out.")

    def _flush(self) -> None:
        data = bytes(self._buffer)
        self._buffer.clear()
        self.size += len(data)
        for digest in (self.md5, self.sha1, self.sha256):
            digest.update(data)
        self._file.write(data)

    async def drain(self, *, force: bool = False) -> None:
        """Write what has gathered, once that is worth a thread."""
        if force or len(self._buffer) >= BUFFER:
            await asyncio.to_thread(self._flush)

    async def upload(self, metadata: dict[str, str]) -> Upload:
        """What was written, durable now; its file stays. Raises ApiError 400 where that is nothing."""
        await self.drain(force=True)
        if self.size == 0:
            raise ApiError(400, CANNOT_EXTRACT, "The upload is empty; send a tar.gz with manifest.json.")
        await asyncio.to_thread(self.finish)
        self.kept = True
        md5, sha1, sha256 = (digest.hexdigest() for digest in (self.md5, self.sha1, self.sha256))
        return Upload(self._path, self.size, md5, sha1, sha256, metadata)

    def finish(self) -> None:
        """Write everything down to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _Parts:
    """The parts of a multipart upload: `archive` goes to the spool, or `url` says where it is; `metadata` is JSON."""

    def __init__(self, boundary: bytes, spool: Spool) -> None:
        self._spool = spool
        self._name = ""
        self._header: tuple[bytes, bytes] = (b"", b"")
        self.metadata, self.url = bytearray(), bytearray()
        self.seen: list[str] = []
        self.complete = False
        callbacks: dict[str, Callable[..., None]] = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._grow(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._grow(1, data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]

    def _begin(self) -> None:
        self._name, self._header = "", (b"", b"")

    def _grow(self, index: int, piece: bytes) -> None:
        name, value = self._header
        self._header = (name + piece, value) if index == 0 else (name, value + piece)

    def _header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._name = parse_options_header(value)[1].get(b"name", b"").decode("latin-1")
        self._header = (b"", b"")

    def _headers_finished(self) -> None:
        if self._name in self.seen or len(self.seen) > 8:
            raise invalid("The upload has a part twice; send one archive and one metadata.")
        self.seen.append(self._name)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == "archive":
            self._spool.feed(data[start:end])
        elif self._name == "metadata":
            self.metadata += data[start:end]
            if len(self.metadata) > METADATA_LIMIT:
                raise invalid("The metadata of the upload is too large.")
        elif self._name == "url":
            self.url += data[start:end]
            if len(self.url) > ADDRESS_LIMIT:
                raise invalid(f"The url of the upload is longer than {ADDRESS_LIMIT} bytes.", INVALID_URL)

    def _end(self) -> None:
        self.complete = True

    def feed(self, chunk: bytes) -> None:
        self._parser.write(chunk)


def _metadata(raw: bytes) -> dict[str, str]:
    if not raw:
        return {}
    try:
        value: Any = json.loads(raw)
    except (ValueError, RecursionError):
        raise invalid("The metadata of the upload is not JSON.") from None
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise invalid("The metadata of the upload must be a JSON object of texts.")
    return {key[:64]: text[:1024] for key, text in list(value.items())[:32]}


def _check_sum(sent: str | None, md5: bytes) -> None:
    """Hex in either case, or base64."""
    if sent and sent.strip() not in (md5.hex(), md5.hex().upper(), base64.b64encode(md5).decode()):
        raise ApiError(400, CHECKSUM, "The upload was damaged on its way (X-Content-Checksum differs); send it again.")


async def receive(request: Request, folder: Path, limits: Limits) -> Upload | Elsewhere:
    """Read the archive of a request into a new file of `folder`, durable when this returns.

    Raises ApiError: 413 too large, 408 too slow, 400 damaged, truncated or of another shape. Nothing is left then.
    """
    async with spooled(folder, limits.size) as spool:
        parts = _parts(request, spool)
        await _read(request.stream(), parts or spool, spool, limits)
        metadata = _metadata(bytes(parts.metadata)) if parts else {}
        if parts is not None and not parts.complete:
            raise invalid("The multipart upload ended early: its last boundary is missing.")
        if parts is not None and "archive" not in parts.seen:
            if not parts.url:
                raise invalid("The multipart upload has no part named archive.")
            return Elsewhere(parts.url.decode("utf-8", "replace"), metadata)
        if parts is None:
            _check_sum(request.headers.get("x-content-checksum"), spool.md5.digest())
        return await spool.upload(metadata)


@contextlib.asynccontextmanager
async def spooled(folder: Path, limit: int) -> AsyncIterator[Spool]:
    """A spool into a new file of `folder`. Unless `upload()` is called on it, nothing is left.

    Raises ApiError 507, code 134, when the disk is full.
    """
    path = folder / f"{secrets.token_hex(12)}.tar.gz"
    spool = Spool(path, limit)
    try:
        yield spool
    except OSError as error:
        spool.kept = False
        raise ApiError(507, WRITE_FAILED, f"The upload could not be stored ({error.strerror}).") from error
    except BaseException:
        spool.kept = False
        raise
    finally:
        spool.close()
        if not spool.kept:
            path.unlink(missing_ok=True)


def _parts(request: Request, spool: Spool) -> _Parts | None:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        return None
    if not options.get(b"boundary"):
        raise invalid("The multipart upload has no boundary.")
    try:
        return _Parts(options[b"boundary"], spool)
    except FormParserError:
        raise invalid("The boundary of the multipart upload is too long.") from None


async def _read(stream: AsyncIterator[bytes], sink: _Parts | Spool, spool: Spool, limits: Limits) -> None:
    loop, patience = asyncio.get_running_loop(), limits.patience
    progress = total = 0
    try:
        async with asyncio.timeout(patience) as deadline:
            async for chunk in stream:
                progress += len(chunk)
                total += len(chunk)
                if total > limits.size + BESIDES:
                    raise ApiError(413, CANNOT_EXTRACT, f"The upload is larger than {limits.size} bytes.")
                if progress >= LEAST_PROGRESS:
                    progress = 0
                    deadline.reschedule(loop.time() + patience)
                sink.feed(chunk)
                await spool.drain()
    except TimeoutError:
        raise ApiError(
            408, CANNOT_EXTRACT, f"The upload stood still for {patience:g} seconds; send it again."
        ) from None
    except ClientDisconnect:
        raise invalid("The upload ended early.") from None
    except ApiError:
        raise
    except Exception as error:
        if type(error).__module__.startswith("python_multipart"):
            raise invalid("The multipart upload cannot be read.") from None
        raise
    await spool.drain(force=True)
