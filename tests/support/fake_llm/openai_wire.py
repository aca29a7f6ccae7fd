"""Chat completion chunks, as OpenAI's API and those compatible with it stream them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .events import Event, compact
from .scenario import Scenario, Usage, cut

_CREATED = 1_790_000_000
_FINISH = {"end_turn": "stop", "max_tokens": "length", "refusal": "content_filter"}
_ERRORS = {
    400: "invalid_request_error",
    401: "invalid_authentication_error",
    403: "permission_denied_error",
    404: "resource_not_found_error",
    429: "rate_limit_reached_error",
}


class OpenAiWire:
    """Events of `POST /v1/chat/completions` with `stream: true`."""

    request_id_header = "x-request-id"

    def events(self, scenario: Scenario, model: str) -> list[Event]:
        """Return the role, the thought, the answer, the end with its usage, and `[DONE]`."""
        nulls: dict[str, object] = {"usage": None} if scenario.usage_place == "empty" else {}
        pieces = list(scenario.pieces())
        early = pieces.pop(0) if scenario.content == "early" else ""
        opening = {"role": "assistant", "content": early}
        events = [
            Event(_chunk(model, _choice(opening), nulls), "opening", len(early)),
            *(
                Event(_chunk(model, _choice(_thought(piece, scenario)), nulls), "token")
                for piece in cut(scenario.reasoning, scenario.delta_chars)
            ),
            *(
                Event(_chunk(model, _choice(_said(piece, scenario)), nulls), "text", len(piece))
                for piece in pieces
            ),
        ]
        return [*events, *self._ending(scenario, model, len(events) - 1)]

    def whole(self, scenario: Scenario, model: str) -> bytes:
        reason = _FINISH.get(scenario.finish_reason, scenario.finish_reason)
        message = {"role": "assistant", **_said(scenario.answer, scenario)}
        if scenario.reasoning:
            message["reasoning_content"] = scenario.reasoning
        choice = {"index": 0, "message": message, "finish_reason": reason}
        beside = {} if scenario.usage_place == "none" else {"usage": _usage(scenario.usage, 1)}
        head = {"id": "chatcmpl-standin", "object": "chat.completion", "created": _CREATED}
        return compact({**head, "model": model, "choices": [choice], **beside})

    def text_event(self, text: str, model: str) -> bytes:
        return _chunk(model, _choice({"content": text}))

    def error_event(self, error_type: str | None) -> bytes:
        return _event(_error("The engine is overloaded", error_type or "engine_overloaded_error"))

    def error_body(self, status: int, message: str, error_type: str | None = None) -> bytes:
        return compact(_error(message, error_type or _ERRORS.get(status, "server_error")))

    def _ending(self, scenario: Scenario, model: str, tokens: int) -> Iterator[Event]:
        usage = _usage(scenario.usage, tokens)
        place = scenario.usage_place
        choice = _choice({}, _FINISH.get(scenario.finish_reason, scenario.finish_reason))
        if place == "choice":
            choice["usage"] = usage
        beside: dict[str, object] = {"usage": usage if place == "finish" else None}
        known = beside if place in ("finish", "empty") else {}
        yield Event(_chunk(model, choice, known), "finish")
        if place == "empty":
            yield Event(_chunk(model, None, {"usage": usage}), "finish")
        for _ in range(1 + scenario.framing.done_twice):
            yield Event(b"data: [DONE]\n\n", "done")


def _said(piece: str, scenario: Scenario) -> dict[str, object]:
    parts = [{"type": "text", "text": piece}]
    return {"content": parts if scenario.content == "parts" else piece}


def _thought(piece: str, scenario: Scenario) -> dict[str, object]:
    if scenario.content != "parts":
        return {"reasoning_content": piece}
    return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}


def _choice(delta: Mapping[str, object], finish_reason: str | None = None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason}


def _chunk(
    model: str, choice: dict[str, object] | None, beside: dict[str, object] | None = None
) -> bytes:
    head = {"id": "chatcmpl-standin", "object": "chat.completion.chunk", "created": _CREATED}
    choices = [] if choice is None else [choice]
    return _event({**head, "model": model, "choices": choices, **(beside or {})})


def _event(value: object) -> bytes:
    return b"data: " + compact(value) + b"\n\n"


def _error(message: str, error_type: str) -> dict[str, object]:
    return {"error": {"message": message, "type": error_type}}


def _usage(usage: Usage, tokens: int) -> dict[str, object]:
    completion = tokens if usage.completion is None else usage.completion
    counted: dict[str, object] = {
        "prompt_tokens": usage.prompt,
        "completion_tokens": completion,
        "total_tokens": usage.prompt + completion,
    }
    if usage.cached:
        counted["cached_tokens"] = usage.cached
        counted["prompt_tokens_details"] = {"cached_tokens": usage.cached}
    return counted
