"""Errors that come inside an answer: as far as can be told they count as the status they mean."""

from __future__ import annotations

from app.llm.failures import failure_of_error
from tests.support.cases import each


@each(
    ("event", "code", "meaning", "retryable"),
    [
        ({"error": {"type": "rate_limit_error"}}, "RATE_LIMITED", ": too many requests", True),
        ({"error": {"type": "overloaded_error"}}, "MODEL_UNAVAILABLE", ": overloaded", True),
        ({"error": {"type": "invalid_authentication_error"}}, "MODEL_UNAVAILABLE", ": the key is refused", False),
        ({"error": {"code": 401, "message": "k"}}, "MODEL_UNAVAILABLE", ": the key is refused", False),
        ({"error": {"code": "insufficient_quota"}}, "MODEL_UNAVAILABLE", ": the account has no credit", False),
        ({"error": {"code": 502}}, "MODEL_UNAVAILABLE", "", True),
        ({"type": "error", "error": {"type": "api_error"}}, "MODEL_UNAVAILABLE", "", True),
        ({"object": "error", "code": 404}, "MODEL_UNAVAILABLE", ": no such address or model", False),
        ({"error": "a sentence"}, "MODEL_UNAVAILABLE", "", True),
        ({"error": {"type": ["odd"], "code": 7}}, "MODEL_UNAVAILABLE", "", True),
        (None, "MODEL_UNAVAILABLE", "", True),
        ("text", "MODEL_UNAVAILABLE", "", True),
    ],
)  # fmt: skip
def test_an_error_is_read_as_far_as_it_goes_and_never_repeated(
    event: object, code: str, meaning: str, retryable: bool
) -> None:
    failure = failure_of_error(event)
    assert (failure.code, failure.retryable) == (code, retryable)
    assert failure.reason == f"an error inside the answer{meaning}"
