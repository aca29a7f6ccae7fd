"""What both protocols have in common: an event of a stream, and where in the answer it stands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, Protocol

from .scenario import Fault, Scenario

Part = Literal["opening", "token", "text", "finish", "done"]
"""`text` is an event that carries the answer, `token` one of thought before it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event, ended by its blank line; `chars` counts the answer's in it."""

    data: bytes
    part: Part
    chars: int = 0


class Wire(Protocol):
    """A protocol, as pure functions from what is to be said to bytes."""

    request_id_header: str

    def events(self, scenario: Scenario, model: str) -> list[Event]:
        """Return the events of an answer that nothing disturbs."""

    def text_event(self, text: str, model: str) -> bytes:
        """Return the event that carries a piece of the answer."""

    def whole(self, scenario: Scenario, model: str) -> bytes:
        """Return the JSON of an answer that is not streamed."""

    def error_event(self, error_type: str | None) -> bytes:
        """Return the event that breaks an answer off; the type defaults to overload."""

    def error_body(self, status: int, message: str, error_type: str | None = None) -> bytes:
        """Return the JSON body of an error response."""


def compact(value: object) -> bytes:
    """Return JSON as the providers write it: no spaces, UTF-8 unescaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def injected(fault: Fault, wire: Wire, model: str) -> bytes:
    """Return what a fault puts into the stream that the protocol never would."""
    match fault.kind:
        case "invalid_json":
            whole = wire.text_event("cut", model)
            return whole[: len(whole) * 2 // 3] + b"\n\n"
        case "garbage":
            return b"\x16\x03\x01\x00<html>502 Bad Gateway\xfe\n\n"
        case "invalid_utf8":
            return wire.text_event("@", model).replace(b'"@"', b'"\xc3\x28"')
        case "long_line":
            return b"data: " + b"x" * (fault.size - 6) + b"\n\n"
        case _:
            raise ValueError(f"{fault.kind} puts nothing into a stream")


def broken_off(fault: Fault, wire: Wire, model: str) -> list[bytes]:
    """Return how a server says that its answer has failed, in the form that the fault names."""
    event = wire.error_event(fault.error_type)
    match fault.kind:
        case "error_line":
            return [b"error: " + event[event.index(b"data: ") + 6 :]]
        case "error_named":
            return [b"event: error\ndata: upstream connect error\n\n"]
        case "error_finish":
            last = wire.events(Scenario("x", finish_reason="error"), model)
            return [item.data for item in last if item.part in ("finish", "done")]
        case _:
            return [event]
