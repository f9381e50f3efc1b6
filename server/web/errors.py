"""The one error shape of the API: `{"code", "error", "payload"}` (connect-api.md section 0.1)."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

# Connect's error numbers that this server sends (connect-error-codes.txt).
INTERNAL = 1
BAD_REQUEST = 2
INVALID_ID = 3
NOT_FOUND = 4
NO_VIEW = 19
DENIED = 22
AUTH_REQUIRED = 24
INVALID_PARAMETER = 25
DUPLICATE_NAME = 26
INVALID_LOGIN = 30
CANNOT_PARSE = 87
XSRF = 92


class ApiError(Exception):
    """Ends a request with an error reply; `status` is the HTTP status, `code` Connect's number."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        payload: dict[str, Any] | None = None,
        retry: float | None = None,
        challenge: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.payload, self.retry = status, code, message, payload, retry
        self.challenge = challenge


def not_found(what: str = "object") -> ApiError:
    """What the caller may not see answers like what does not exist (security.md S-11)."""
    return ApiError(404, NOT_FOUND, f"The requested {what} does not exist.")


def denied(message: str = "You do not have permission to perform this operation.") -> ApiError:
    """403, code 22."""
    return ApiError(403, DENIED, message)


def invalid(message: str, code: int = INVALID_PARAMETER) -> ApiError:
    """400 with a sentence that names the fix."""
    return ApiError(400, code, message)


def reply(error: ApiError) -> Response:
    """The JSON reply of an error."""
    headers = {"Cache-Control": "no-store"}
    if error.retry is not None:
        headers["Retry-After"] = str(max(1, round(error.retry)))
    if error.challenge is not None:
        headers["WWW-Authenticate"] = error.challenge
    body = {"code": error.code, "error": error.message, "payload": error.payload}
    return JSONResponse(body, status_code=error.status, headers=headers)
