"""What the stand-in is told to play: an answer, its pace, its framing and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import ConfigDict

Protocol = Literal["openai", "anthropic"]
FaultKind = Literal[
    "status",  # answer with `status`, `body` and `retry_after` instead of a stream
    "refuse",  # close the connection as soon as it is accepted
    "empty_body",  # 200 with a body of no bytes
    "end",  # end the response properly, without the rest of the answer
    "cut",  # close the connection without the closing chunk
    "reset",  # the same, with a TCP reset
    "stall",  # send nothing more, or only comments, and keep the connection open
    "error",  # an error event of `error_type`, then the end
    "error_line",  # the same as a line `error: ...` that no standard knows
    "error_named",  # an event named error whose data is no JSON
    "error_finish",  # a good end, but for its reason: error
    "html",  # 200 with a page for people
    "packed",  # the stream gzipped, although nobody asked for that
    "invalid_json",  # an event whose data is cut-off JSON, then on as if nothing were
    "garbage",  # bytes that are no event at all, then on
    "invalid_utf8",  # an event of the protocol whose text is not UTF-8, then on
    "long_line",  # a data line of `size` bytes, then on
]
Moment = Literal[
    "headers",  # before anything is sent
    "body",  # after the headers, before the first event
    "first_token",  # before the first character of the answer
    "chars",  # after exactly `at` characters of the answer
    "finish",  # after the last character, before the event that says why it ends
    "done",  # before `[DONE]` or `message_stop`
    "byte",  # after exactly `at` bytes of the raw response, headers and framing included
]
Content = Literal["text", "parts", "early", "whole"]
UsagePlace = Literal["finish", "choice", "empty", "none"]

WHOLE = frozenset({"status", "refuse", "empty_body", "html", "packed"})
"""Faults that take the place of the stream, whatever their moment."""

CONNECTION = frozenset({"cut", "reset", "stall"})
"""Faults of the connection, the only ones that can strike at any byte."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, and when. `every` is the seconds between a stall's comments.

    `retry_after` is the header's text; `body` and `error_type` default to the provider's own.
    Raises ValueError where kind and moment do not go together.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    kind: FaultKind
    when: Moment = "first_token"
    at: int = 0
    status: int = 503
    body: str | None = None
    retry_after: str | None = None
    error_type: str | None = None
    size: int = 2 * 1024 * 1024
    every: float = 0.0

    def __post_init__(self) -> None:
        if self.at < 0:
            raise ValueError("a fault's position cannot be negative")
        loose = self.kind in CONNECTION or self.kind in WHOLE
        if self.when in ("headers", "byte") and not loose:
            raise ValueError(f"{self.kind} cannot happen at {self.when}")


@dataclass(frozen=True, slots=True)
class Framing:
    """How the bytes are wrapped: all of it seen from real servers and the proxies before them.

    `data_lines` writes an event's JSON over several lines, `blank_lines` says whether events are
    ended by one, `halves` how a half of a character is written where a piece was cut through it.
    `chunk_bytes` cuts an event over several HTTP chunks. `packet_bytes` cuts the raw response into
    packets, written `packet_gap` seconds apart, and replaces the scenario's pace. `comment` stands
    after so many events.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    line_end: Literal["\n", "\r\n", "\r"] = "\n"
    bom: bool = False
    data_lines: bool = False
    blank_lines: bool = True
    halves: Literal["escaped", "raw"] = "escaped"
    events_per_chunk: int = 1
    chunk_bytes: int = 0
    packet_bytes: int = 0
    packet_gap: float = 0.001
    comment_every: int = 0
    comment: str = ": ping"
    done_twice: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens to report; `prompt` includes `cached`, and `completion` defaults to the deltas."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    prompt: int = 1180
    completion: int | None = None
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One answer. The answer is `text` in pieces of `delta_chars`, or exactly `deltas`.

    Delays are seconds: before the headers, and from the opening events to the first token. Without
    `deltas_per_second` everything is sent at once. `content` is how text is carried: `text`, typed
    `parts`, the first piece `early` in the event that opens it, or the `whole` answer at once though
    a stream was asked for. `utf16` cuts by UTF-16 units, through characters. `hold_after` counts characters of the answer: a
    stream waits there to be released. Finish reasons may be in either protocol's terms.
    Raises ValueError where a position lies outside the answer or a size is not positive.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    text: str = ""
    delta_chars: int = 4
    deltas: tuple[str, ...] = ()
    deltas_per_second: float | None = None
    header_delay: float = 0.0
    first_delay: float = 0.0
    hold_after: tuple[int, ...] = ()
    reasoning: str = ""
    content: Content = "text"
    utf16: bool = False
    finish_reason: str = "stop"
    usage: Usage = field(default_factory=Usage)
    usage_place: UsagePlace = "finish"
    framing: Framing = field(default_factory=Framing)
    fault: Fault | None = None

    def __post_init__(self) -> None:
        if self.text and self.deltas and "".join(self.deltas) != self.text:
            raise ValueError("text and deltas say different things")
        if self.delta_chars < 1 or (self.deltas_per_second or 1) <= 0:
            raise ValueError("delta_chars and deltas_per_second must be positive")
        if any(not 0 <= stop <= len(self.answer) for stop in self._stops()):
            raise ValueError("a hold or a fault lies outside the answer")

    @property
    def answer(self) -> str:
        """The whole text the model writes."""
        return self.text or "".join(self.deltas)

    def pieces(self) -> Iterator[str]:
        """Yield the deltas, cut once more wherever the stream must hold or break."""
        stops = sorted(set(self._stops()))
        sent = 0
        split = cut_units if self.utf16 else cut
        for delta in self.deltas or split(self.text, self.delta_chars):
            ends = [stop - sent for stop in stops if sent < stop < sent + len(delta)]
            for start, end in zip([0, *ends], [*ends, len(delta)], strict=True):
                yield delta[start:end]
            sent += len(delta)

    def _stops(self) -> tuple[int, ...]:
        at_chars = self.fault is not None and self.fault.when == "chars"
        return (*self.hold_after, self.fault.at) if self.fault and at_chars else self.hold_after


def cut(text: str, size: int) -> Iterator[str]:
    """Yield `text` in pieces of `size` characters, the last one as short as it must be."""
    return (text[start : start + size] for start in range(0, len(text), size))


def cut_units(text: str, size: int) -> Iterator[str]:
    """Yield `text` in pieces of `size` UTF-16 units, as programs do that count in them."""
    units = text.encode("utf-16-le")
    return (piece.decode("utf-16-le", "surrogatepass") for piece in _slices(units, size * 2))


def _slices(units: bytes, size: int) -> Iterator[bytes]:
    return (units[start : start + size] for start in range(0, len(units), size))
