"""Message events, as Anthropic's API streams them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .events import Event, compact
from .scenario import Scenario, cut

_FINISH = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class AnthropicWire:
    """Events of `POST /v1/messages` with `stream: true`."""

    request_id_header = "request-id"

    def events(self, scenario: Scenario, model: str) -> list[Event]:
        """Return the message's start, its blocks piece by piece, why it ended, and its stop."""
        events = [_event(_start(scenario, model), "opening")]
        index = 0
        if scenario.reasoning:
            events += _thought(scenario)
            index = 1
        pieces = list(scenario.pieces())
        early = pieces.pop(0) if scenario.content == "early" else ""
        block = {"type": "text", "text": early}
        start = {"type": "content_block_start", "index": index, "content_block": block}
        events += [_event(start, "opening", len(early)), _event({"type": "ping"}, "opening")]
        for piece in pieces:
            events.append(_event(_delta("text", piece, index), "text", len(piece)))
        tokens = sum(event.part in ("token", "text") for event in events)
        return [*events, *_ending(scenario, index, tokens)]

    def whole(self, scenario: Scenario, model: str) -> bytes:
        message = _message(scenario, model)
        thought = {"type": "thinking", "thinking": scenario.reasoning, "signature": ""}
        content = [thought] if scenario.reasoning else []
        message["content"] = [*content, {"type": "text", "text": scenario.answer}]
        message["stop_reason"] = _FINISH.get(scenario.finish_reason, scenario.finish_reason)
        return compact(message)

    def text_event(self, text: str, model: str) -> bytes:  # noqa: ARG002 - only the start names it
        return _event(_delta("text", text, 0), "text").data

    def error_event(self, error_type: str | None) -> bytes:
        return _event(_error("Overloaded", error_type or "overloaded_error"), "finish").data

    def error_body(self, status: int, message: str, error_type: str | None = None) -> bytes:
        error = _error(message, error_type or _ERRORS.get(status, "api_error"))
        return compact({**error, "request_id": "req_standin"})


def _event(value: dict[str, Any], part: Any, chars: int = 0) -> Event:
    name = str(value["type"]).encode()
    return Event(b"event: " + name + b"\ndata: " + compact(value) + b"\n\n", part, chars)


def _start(scenario: Scenario, model: str) -> dict[str, object]:
    return {"type": "message_start", "message": _message(scenario, model)}


def _message(scenario: Scenario, model: str) -> dict[str, object]:
    message: dict[str, object] = {
        "id": "msg_standin",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }
    if scenario.usage_place != "none":
        message["usage"] = {
            "input_tokens": scenario.usage.prompt - scenario.usage.cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": scenario.usage.cached,
            "output_tokens": 1,
        }
    return message


def _thought(scenario: Scenario) -> Iterator[Event]:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    start = {"type": "content_block_start", "index": 0, "content_block": block}
    yield _event(start, "opening")
    for piece in cut(scenario.reasoning, scenario.delta_chars):
        yield _event(_delta("thinking", piece, 0), "token")
    signature = {"type": "signature_delta", "signature": "c3RhbmQtaW4="}
    yield _event({"type": "content_block_delta", "index": 0, "delta": signature}, "opening")
    yield _event({"type": "content_block_stop", "index": 0}, "opening")


def _delta(kind: str, piece: str, index: int) -> dict[str, object]:
    delta = {"type": f"{kind}_delta", kind: piece}
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _ending(scenario: Scenario, index: int, tokens: int) -> Iterator[Event]:
    yield _event({"type": "content_block_stop", "index": index}, "finish")
    reason = _FINISH.get(scenario.finish_reason, scenario.finish_reason)
    last: dict[str, object] = {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
    }
    if scenario.usage_place != "none":
        completion = scenario.usage.completion
        last["usage"] = {"output_tokens": tokens if completion is None else completion}
    yield _event(last, "finish")
    for _ in range(1 + scenario.framing.done_twice):
        yield _event({"type": "message_stop"}, "done")


def _error(message: str, error_type: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": error_type, "message": message}}
