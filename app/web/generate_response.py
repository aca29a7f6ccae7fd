"""What `POST /generate` answers: the contract's object, with its codes and their statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.domain.llm import TokensUsed
from app.domain.page import StoredPage
from app.generation.job import PageJob

STATUSES: Mapping[str, tuple[int, bool]] = {
    "INVALID_PERSONA": (400, False),
    "INVALID_REQUEST": (400, False),
    "FORBIDDEN": (403, False),
    "RATE_LIMITED": (429, True),
    "GENERATION_FAILED": (500, True),
    "KV_WRITE_FAILED": (500, True),
    "CONTAINER_ERROR": (500, True),
    "MODEL_UNAVAILABLE": (503, True),
    "TIMEOUT": (504, True),
}
"""Status and `retryable` of each code (platform contract; the second and third are ours)."""

_MESSAGES = {
    "RATE_LIMITED": "what models may cost this hour has been spent",
    "GENERATION_FAILED": "nothing that was written could be shown",
    "KV_WRITE_FAILED": "the page could not be kept",
    "CONTAINER_ERROR": "the page was broken off",
    "MODEL_UNAVAILABLE": "no model answered",
    "TIMEOUT": "nothing could be shown in time",
}
_OUR_CODES = {
    "BUDGET_SPENT": "RATE_LIMITED",
    "ADDRESS_LIMIT": "RATE_LIMITED",
    "BUDGET_UNREACHABLE": "MODEL_UNAVAILABLE",
    "LEASE_LOST": "MODEL_UNAVAILABLE",
}


class Answer(NamedTuple):
    """A status and what is sent with it."""

    status: int
    payload: Mapping[str, object]


def answer_of(page: PageJob, css: str | None) -> Answer:
    """Return the answer for a page that has ended."""
    if page.stored is None:
        code = _OUR_CODES.get(page.failed, page.failed)
        code = code if code in STATUSES else "CONTAINER_ERROR"
        return error_answer(code, _MESSAGES.get(code, code))
    missing = [slot for slot in page.wanted if slot in page.fallbacks.keys() - page.drawn.keys()]
    failure = ""
    if page.trace.status == "degraded":  # where no call failed, what was written was not shown
        failure = page.failures[-1] if page.failures else "GENERATION_FAILED"
    return _page_answer(page.stored, css, page.trace.tokens, _shortfall(missing, failure))


def kept_answer(
    kept: StoredPage, slots: Sequence[str], css: str | None, *, degraded: bool
) -> Answer:
    """Return the answer for a page that was finished before; it costs nothing now."""
    filled = {item.slot for item in kept.components}
    missing = [slot for slot in slots if slot not in filled]
    failure = "MODEL_UNAVAILABLE" if degraded else ""
    return _page_answer(kept, css, TokensUsed(), _shortfall(missing, failure))


def error_answer(code: str, message: str, status: int | None = None) -> Answer:
    """Return the answer where there is no page."""
    usual, retryable = STATUSES[code]
    error = {"code": code, "message": message, "retryable": retryable}
    return Answer(status or usual, {"status": "error", "error": error})


def _shortfall(missing: Sequence[str], failure: str) -> Mapping[str, object]:
    """Return what a page lacks: parts, or a model that wrote it; nothing where it is a success."""
    if missing:
        message = f"these slots kept their fallback: {', '.join(missing)}"
        return {"code": "COMPONENT_TIMEOUT", "message": message, "retryable": True}
    if failure:
        code = _OUR_CODES.get(failure, failure)
        code = code if code in _MESSAGES else "MODEL_UNAVAILABLE"
        message = f"the house composed in want of a model: {_MESSAGES[code]}"
        return {"code": code, "message": message, "retryable": True}
    return {}


def _page_answer(
    kept: StoredPage, css: str | None, tokens: TokensUsed, shortfall: Mapping[str, object]
) -> Answer:
    ui: dict[str, object] = {
        "html": kept.html,
        "components": [item.as_json() for item in kept.components],
        "persona_hash": kept.persona_hash,
    }
    if css:
        ui["css"] = css
    used = {"prompt": tokens.prompt, "completion": tokens.completion, "total": tokens.total}
    meta = {
        "generation_time_ms": kept.generation_time_ms,
        "model": kept.model,
        "tokens_used": used,
        "generated_at": kept.generated_at,
    }
    if shortfall:
        return Answer(200, {"status": "partial", "ui": ui, "meta": meta, "error": shortfall})
    return Answer(200, {"status": "success", "ui": ui, "meta": meta})
