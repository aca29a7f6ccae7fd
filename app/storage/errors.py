"""Errors of storage, whichever store raises them; none quotes a driver's message."""

from __future__ import annotations

from app.util.errors import OperatorError

NO_ANSWER = "NoAnswer"
"""The reason where a server takes what it is sent and says nothing."""


class StorageError(OperatorError):
    """Something cannot be read or written just now; the message says where, never what.

    `retry_after` is how many seconds whoever refused asked us to wait, if they did. `reason` says
    why without saying where: anybody may read it.
    """

    def __init__(
        self, message: str, retry_after: float | None = None, reason: str = "StorageError"
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.reason = reason


class InvalidPair(Exception):
    """A pair is not one that KV takes. Trying again will not help."""
