"""Answers a visit with a file: type, length, ranges, conditional requests, and nothing that shared caches may keep."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from mimetypes import MimeTypes

from starlette.datastructures import Headers
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from runners import published
from runners.published import Moved
from server.gateway.visit import Shelved

METHODS = ("GET", "HEAD")
# The system's own table differs between machines, so only Python's is asked, with what it lacks.
_TYPES = MimeTypes(filenames=())
for _ending, _type in (
    (".csv", "text/csv"),
    (".geojson", "application/geo+json"),
    (".ipynb", "application/x-ipynb+json"),
    (".js", "text/javascript"),
    (".map", "application/json"),
    (".md", "text/markdown"),
    (".mjs", "text/javascript"),
    (".parquet", "application/vnd.apache.parquet"),
    (".wasm", "application/wasm"),
    (".webmanifest", "application/manifest+json"),
    (".webp", "image/webp"),
    (".woff", "font/woff"),
    (".woff2", "font/woff2"),
):
    _TYPES.add_type(_type, _ending)
_PACKED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


class _File(FileResponse):
    """A file whose only validator is its tag: dates in archives say too little of which version this is."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As Starlette's, but a range in a unit other than bytes is not looked at (RFC 9110 section 14.2)."""
        kept = [(n, v) for n, v in scope["headers"] if n != b"range" or v.strip().lower().startswith(b"bytes")]
        await super().__call__({**scope, "headers": kept}, receive, send)

    def set_stat_headers(self, stat_result: os.stat_result) -> None:
        """As Starlette's, without Last-Modified."""
        super().set_stat_headers(stat_result)
        del self.headers["last-modified"]

    def _should_use_range(self, http_if_range: str) -> bool:
        return http_if_range == self.headers["etag"]


async def answer(scope: Scope, shelved: Shelved, *, public: bool) -> Response | None:
    """The reply, or None where there is no such file.

    Answers are revalidated each time, so that who lost access or asks after a new version sees that at once;
    without `public` no shared cache may keep them (RFC 9111 section 5.2.2).
    """
    if scope["method"] not in METHODS:
        text = "These are files; only GET and HEAD are answered here."
        return JSONResponse({"code": 2, "error": text, "payload": None}, 405, {"Allow": ", ".join(METHODS)})
    caching = "no-cache" if public else "private, no-cache"
    found = published.find(shelved.published, shelved.inside)
    if found is None:
        return None
    if isinstance(found, Moved):
        query = f"?{shelved.query}" if shelved.query else ""
        return RedirectResponse(shelved.base_path + found.path + query, 307, {"Cache-Control": caching})
    path = shelved.published.root / found
    try:
        status = await asyncio.to_thread(os.lstat, path)
    except OSError:
        return None  # deleted since it was listed
    if not stat.S_ISREG(status.st_mode):
        return None
    headers = {
        "Cache-Control": caching,
        "ETag": _tag(shelved.published.mark, found, status),
        "X-Content-Type-Options": "nosniff",
    }
    if _is_known(Headers(scope=scope).get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return _File(path, headers=headers, media_type=media_type(found), stat_result=status)


def media_type(name: str) -> str:
    """The type of a file by its name; what is not known is a download."""
    guessed, packed = _TYPES.guess_type(name)
    if packed is not None:
        return _PACKED.get(packed, "application/octet-stream")
    return guessed or "application/octet-stream"


def _tag(mark: str, name: str, status: os.stat_result) -> str:
    """A strong validator: two versions' files never share one, though archives often carry one date for all files."""
    seed = f"{mark}\0{name}\0{status.st_size}\0{status.st_mtime_ns}"
    return f'"{hashlib.sha256(seed.encode()).hexdigest()[:24]}"'


def _is_known(wanted: str, tag: str) -> bool:
    """Whether If-None-Match names `tag`; its comparison is the weak one (RFC 9110 section 13.1.2)."""
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in wanted.split(","))
