"""Reading request bodies within limits: JSON of a bounded size and depth, form fields without duplicates."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from server.web.caller import Caller
from server.web.errors import CANNOT_PARSE, ApiError, invalid

JSON_LIMIT = 1024 * 1024
MAX_DEPTH = 32
FORM_FIELDS = 200
# Whole numbers up to here are exact in every JSON reader (RFC 8259 section 6).
LARGEST_WHOLE = 2**53


async def read_limited(request: Request, limit: int = JSON_LIMIT) -> bytes:
    """The whole body, at most `limit` bytes. Raises ApiError 413."""
    for name, value in request.scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise invalid("The request body ended early.", CANNOT_PARSE)
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
        size += len(parts[-1])
        if size > limit:
            raise _too_large(limit)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limit: int) -> ApiError:
    return ApiError(413, CANNOT_PARSE, f"The request body is too large; at most {limit} bytes are read here.")


def _depth(value: Any) -> int:
    deepest, stack = 0, [(value, 1)]
    while stack:
        item, level = stack.pop()
        deepest = max(deepest, level)
        if isinstance(item, dict):
            stack += [(child, level + 1) for child in item.values()]
        elif isinstance(item, list):
            stack += [(child, level + 1) for child in item]
    return deepest


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _number(text: str) -> float | int:
    """A number with a fraction or an exponent: 204.0 is a whole one, as JSON Schema counts."""
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return int(value) if value.is_integer() and abs(value) <= LARGEST_WHOLE else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, whose names are told apart: two parsers would choose differently between equal ones (T-113)."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text (RFC 8259). Raises ApiError 400 for what is none, bad UTF-8 and a byte order mark
    included, for NaN, Infinity and numbers that large, equal names in one object, and deep nesting."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_number, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        where = f"{error.msg} at line {error.lineno} column {error.colno}"
        raise invalid(f"The request body is not valid JSON: {where}.", CANNOT_PARSE) from None
    except UnicodeDecodeError:
        raise invalid("The request body is not valid JSON: it is not UTF-8.", CANNOT_PARSE) from None
    except RecursionError:
        raise invalid(f"The request body nests deeper than {MAX_DEPTH} levels.", CANNOT_PARSE) from None
    except ValueError as error:
        # Python's own sentence about an integer of many thousand digits is about Python.
        reason = str(error) if len(str(error)) < 50 else "a number is too large"
        raise invalid(f"The request body is not valid JSON: {reason}.", CANNOT_PARSE) from None
    if _depth(value) > MAX_DEPTH:
        raise invalid(f"The request body nests deeper than {MAX_DEPTH} levels.", CANNOT_PARSE)
    return value


async def read_json(request: Request, *, empty: Any = None) -> Any:
    """The JSON body of a request, or `empty` where there is none.

    A cookie-authenticated request must say `application/json`, which a cross-site form cannot send
    (security.md S-18, CVE-2021-32677). A request with an API key may send any type: curl's --data says
    a form type, and the seed's own example uses it.
    """
    caller: Caller = request.scope["state"]["caller"]
    raw = await read_limited(request)
    if not raw.strip():
        return empty
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if caller.via == "session" and kind != "application/json":
        raise ApiError(415, CANNOT_PARSE, "Send the body as JSON with Content-Type: application/json.")
    return parse_json(raw)


async def read_object(request: Request) -> dict[str, Any]:
    """As read_json, but the body must be an object; no body is an empty one."""
    value = await read_json(request, empty={})
    if not isinstance(value, dict):
        raise invalid("The request body must be a JSON object.", CANNOT_PARSE)
    return value


async def read_form(request: Request, limit: int = 65536) -> dict[str, str]:
    """The fields of a urlencoded form, each at most once (RFC 6749 section 3.2). Raises ApiError 400."""
    return form_fields(await read_limited(request, limit))


def form_fields(raw: bytes) -> dict[str, str]:
    """The fields of a urlencoded text, as `read_form` gives them."""
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(raw), max_num_fields=FORM_FIELDS
        )
    except (ValueError, UnicodeDecodeError):
        raise invalid("The form in the request body cannot be read.", CANNOT_PARSE) from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise invalid("A form field was sent twice.", CANNOT_PARSE)
    return fields


class Fields:
    """Typed access to a JSON object, with messages that name the field."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def text(self, name: str, default: str = "", *, limit: int = 4096) -> str:
        """A string without control characters; null counts as absent. Raises ApiError 400."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise invalid(f"{name} must be text.")
        if len(value) > limit:
            raise invalid(f"{name} is too long; at most {limit} characters.")
        if any((ord(ch) < 32 and ch not in "\t\r\n") or 0xD800 <= ord(ch) <= 0xDFFF for ch in value):
            raise invalid(f"{name} holds characters that cannot be stored.")
        return value

    def choice(self, name: str, values: tuple[str, ...], default: str) -> str:
        """One of `values`."""
        value = self.data.get(name, default)
        if value is None:
            value = default
        if value not in values:
            raise invalid(f"{name} must be one of {', '.join(values)}.")
        return str(value)

    def flag(self, name: str, default: bool) -> bool:
        """A JSON boolean."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise invalid(f"{name} must be true or false.")
        return value
