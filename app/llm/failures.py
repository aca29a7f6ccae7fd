"""Translates providers' errors to ours; none repeats what was sent or received."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from app.domain.llm import ModelFailed

RETRYABLE = frozenset({429, 500, 502, 503, 504, 529})

_MEANINGS = {
    400: "the request is refused",
    401: "the key is refused",
    402: "the account has no credit",
    403: "the key is refused",
    404: "no such address or model",
    413: "the request is too large",
    422: "the request is refused",
    429: "too many requests",
    529: "overloaded",
}
_REDIRECT = "the address redirects"
_STATUS_OF_ERROR = {
    "authentication": 401,
    "permission": 403,
    "quota": 402,
    "billing": 402,
    "not_found": 404,
    "invalid_request": 400,
    "rate_limit": 429,
    "overloaded": 529,
}
"""What the types of errors that come inside an answer have in common, and the status they mean."""


def failure_of_status(status: int, after: float | None = None) -> ModelFailed:
    """Return the failure that a status is; `after` is the wait in seconds that it asks for."""
    return _failure(f"HTTP {status}", status, after)


def is_error(event: Mapping[str, object]) -> bool:
    """Say whether an event that brings nothing else is an error, by its kind or its number."""
    numbers = (event.get(name) for name in ("code", "status"))
    failed = any(isinstance(it, int) and it >= httpx.codes.BAD_REQUEST for it in numbers)
    return failed or event.get("object") == "error"


def failure_of_error(event: object) -> ModelFailed:
    """Return the failure that an error inside an answer is, as far as it can be read."""
    error = event.get("error") or event if isinstance(event, Mapping) else {}
    if not isinstance(error, Mapping):
        error = {}
    for name in ("code", "status", "type"):
        value = error.get(name)
        if isinstance(value, int) and 400 <= value <= 599:  # noqa: PLR2004 - errors, as HTTP has them
            return _failure("an error inside the answer", value)
        for part, status in _STATUS_OF_ERROR.items():
            if isinstance(value, str) and part in value.lower():
                return _failure("an error inside the answer", status)
    return ModelFailed("MODEL_UNAVAILABLE", "an error inside the answer", retryable=True)


def translated(error: Exception) -> ModelFailed:
    """Return what went wrong on the way to a provider as a failure."""
    match error:
        case ModelFailed():
            return error
        case httpx.TimeoutException():
            return ModelFailed("TIMEOUT", type(error).__name__, retryable=True)
        case TimeoutError():
            return ModelFailed("TIMEOUT", "no text in time", retryable=True)
        case httpx.ConnectError():
            return ModelFailed("MODEL_UNAVAILABLE", f"no connection: {error}", retryable=True)
        case httpx.HTTPError():
            return ModelFailed("MODEL_UNAVAILABLE", type(error).__name__, retryable=True)
        case _:
            return ModelFailed("MODEL_UNAVAILABLE", str(error), retryable=False)


def _failure(answer: str, status: int, after: float | None = None) -> ModelFailed:
    redirects = 300 <= status < 400  # noqa: PLR2004 - as HTTP has them
    meaning = _REDIRECT if redirects else _MEANINGS.get(status, "")
    code = "RATE_LIMITED" if status == httpx.codes.TOO_MANY_REQUESTS else "MODEL_UNAVAILABLE"
    reason = f"{answer}: {meaning}" if meaning else answer
    return ModelFailed(code, reason, retryable=status in RETRYABLE, retry_after=after)
