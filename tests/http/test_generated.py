"""What `POST /generate` answers where there is no page: each code with its status."""

from __future__ import annotations

from typing import cast

from app.domain.persona import NEWCOMER, PageKey
from app.generation.job import PageJob
from app.generation.trace import Trace
from app.web.generate import answer_of, error_answer
from tests.support.cases import each
from tests.support.factories import shop


def failed(code: str) -> PageJob:
    """Return a page that ended with this code."""
    trace = Trace("page", "test", "newcomer", lambda: 0.0)
    key = PageKey("shop_1", "v2_newcomer_0_x")
    return PageJob("page", key, shop(), NEWCOMER, "content", {}, trace, (), failed=code)


@each(
    ("ended_with", "code", "status"),
    [
        ("RATE_LIMITED", "RATE_LIMITED", 429),
        ("BUDGET_SPENT", "RATE_LIMITED", 429),
        ("ADDRESS_LIMIT", "RATE_LIMITED", 429),
        ("GENERATION_FAILED", "GENERATION_FAILED", 500),
        ("KV_WRITE_FAILED", "KV_WRITE_FAILED", 500),
        ("CONTAINER_ERROR", "CONTAINER_ERROR", 500),
        ("", "CONTAINER_ERROR", 500),
        ("SOMETHING_NEW", "CONTAINER_ERROR", 500),
        ("MODEL_UNAVAILABLE", "MODEL_UNAVAILABLE", 503),
        ("TIMEOUT", "TIMEOUT", 504),
    ],
)
def test_every_way_to_fail_has_the_contracts_code_and_status(
    ended_with: str, code: str, status: int
) -> None:
    sent = answer_of(failed(ended_with), None)
    assert sent.status == status
    error = cast("dict[str, object]", sent.payload["error"])
    assert (error["code"], error["retryable"]) == (code, True)
    assert sent.payload["status"] == "error"
    assert error["message"]


def test_a_bad_persona_is_the_callers_fault_and_not_to_be_tried_again() -> None:
    sent = error_answer("INVALID_PERSONA", "persona.type: ...")
    error = cast("dict[str, object]", sent.payload["error"])
    assert (sent.status, error["retryable"]) == (400, False)
