"""Reads posted forms: bounded, with the last value of a repeated field, and says what is wrong field by field."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from server.web.body import FORM_FIELDS, read_limited
from server.web.errors import CANNOT_PARSE, invalid

LIMIT = 256 * 1024
# What the fields beside a file may hold.
FIELDS_LIMIT = 64 * 1024


class Form:
    """The fields of one form. A checkbox posts `false` and, when ticked, `true` after it: the last value counts."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = tuple(pairs)
        self._fields = dict(self.pairs)

    def get(self, name: str) -> str:
        """A field as it was sent; empty when it was not."""
        return self._fields.get(name, "")

    def line(self, name: str) -> str:
        """A field of one line, trimmed."""
        return self.get(name).strip()

    def text(self, name: str) -> str:
        """A field of several lines, trimmed, with plain line ends."""
        return self.get(name).replace("\r\n", "\n").strip()


async def read(request: Request) -> Form:
    """The form in a request's body. Raises ApiError 400, 413."""
    raw = await read_limited(request, LIMIT)
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=FORM_FIELDS, errors="strict")
    except ValueError:
        raise invalid("The form in the request body cannot be read.", CANNOT_PARSE) from None
    return Form(pairs)


async def read_file(request: Request, name: str, most: int) -> tuple[Form, bytes]:
    """The fields of a multipart form and the bytes of its file `name`; none are no bytes.

    Raises ApiError 400, and 413 for a file of more than `most` bytes.
    """
    raw = await read_limited(request, most + FIELDS_LIMIT)

    async def once() -> AsyncGenerator[bytes, None]:
        yield raw

    try:
        parser = MultiPartParser(request.headers, once(), max_files=1, max_fields=10, max_part_size=FIELDS_LIMIT)
        found = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise invalid("The form in the request body cannot be read.", CANNOT_PARSE) from None
    fields = [(key, value) for key, value in found.multi_items() if isinstance(value, str)]
    file = found.get(name)
    try:
        return Form(fields), await file.read() if isinstance(file, UploadFile) else b""
    finally:
        await found.close()


def unfit(value: str, most: int, *, lines: bool = False) -> str:
    """What is wrong with a text of a form as a sentence; empty when nothing is."""
    if len(value) > most:
        return f"This is {len(value):,} characters long; at most {most:,} fit."
    plain = value.replace("\n", "").replace("\t", "") if lines else value
    if not plain.isprintable():
        return "This holds characters that cannot be shown; type it instead of pasting it."
    return ""
