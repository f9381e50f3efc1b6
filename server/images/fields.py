"""Checks what a request says of an execution environment, each field with its own error number."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from server.images.wire import LANGUAGES, EnvironmentChange, NewEnvironment
from server.web.errors import INVALID_PARAMETER, ApiError

# Connect's numbers (connect-error-codes.txt 168 to 177, 254).
CODES = {
    "title": 168,
    "description": 169,
    "cluster_name": 170,
    "name": 171,
    "matching": 172,
    "supervisor": 177,
    "volume_mounts": 254,
}
BAD_PATH, BAD_VERSION = 173, 174
_NEW: TypeAdapter[NewEnvironment] = TypeAdapter(NewEnvironment)
_CHANGE: TypeAdapter[EnvironmentChange] = TypeAdapter(EnvironmentChange)


def checked(given: dict[str, Any], *, creating: bool) -> dict[str, Any]:
    """The columns that a request sets. Raises ApiError 400 that names the field."""
    try:
        found: dict[str, Any] = dict((_NEW if creating else _CHANGE).validate_python(given, strict=True))
    except ValidationError as error:
        raise _refusal(error) from None
    fields: dict[str, Any] = {name: found[name] for name in ("title", "description", "supervisor") if name in found}
    for name in ("name", "cluster_name"):
        if creating:
            fields[name] = found[name]
    if found.get("matching") is not None:
        fields["matching"] = found["matching"]
    if found.get("volume_mounts") is not None:
        fields["volume_mounts"] = found["volume_mounts"]
    installations = {name: found[name] for name in LANGUAGES if found.get(name) is not None}
    return fields | ({"installations": installations} if installations else {})


def _refusal(error: ValidationError) -> ApiError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = [str(part) for part in first["loc"]]
    code = CODES.get(where[0], INVALID_PARAMETER) if where else INVALID_PARAMETER
    if where and where[0] in LANGUAGES:
        code = {"path": BAD_PATH, "version": BAD_VERSION}.get(where[-1], INVALID_PARAMETER)
    return ApiError(400, code, f"{'.'.join(where) or 'The body'}: {first['msg']}.")
