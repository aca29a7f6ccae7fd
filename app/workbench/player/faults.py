"""Injects faults into a model's answer or into the stream to the browser."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.domain.events import Event
from app.domain.page import Refusal
from app.generation.parser.parser import ProposalParser
from app.workbench.player.recordings import Piece

MODEL_FAULTS: Mapping[str, str] = {
    "none": "Nothing",
    "stalls": "It stalls",
    "breaks": "It breaks its JSON",
    "invents": "It invents a product",
    "leaves": "It breaks off",
}
EVENT_FAULTS: Mapping[str, str] = {
    "none": "as it is",
    "late": "3 s late",
    "lost": "dropped",
    "twice": "twice",
    "swapped": "after the next",
}
INVENTED = "a-product-nobody-sells"
_LATE = 3_000
_NAMED = re.compile(r'("product_ids?"\s*:\s*\[?\s*")([^"]*)"')
_NUMBER = re.compile(r"[0-9]{1,6}")
_MOST = 64


class ModelFault(NamedTuple):
    """What befalls the model's text at its component number `at`, from 1; `seconds` of a stall."""

    kind: str = "none"
    at: int = 1
    seconds: float = 3.0


class EventFaults(NamedTuple):
    """What befalls events on their way, by number from 0; `cut` ends a connection after so many."""

    kinds: Mapping[int, str] = {}
    cut: int = 0


class Delivery(NamedTuple):
    """An event on its way to the browser, and when it arrives in milliseconds."""

    at: int
    number: int
    event: Event


def read_model_fault(payload: Mapping[str, Any]) -> ModelFault:
    """Read what a browser asks for; what makes no sense is passed over."""
    kind, at, seconds = str(payload.get("kind")), payload.get("at", 1), payload.get("seconds", 3)
    if kind not in MODEL_FAULTS or not isinstance(at, int) or not 1 <= at <= _MOST:
        return ModelFault()
    if not isinstance(seconds, int | float) or not 0 <= seconds <= 60:  # noqa: PLR2004 - a minute
        seconds = 3
    return ModelFault(kind, at, float(seconds))


def read_event_faults(payload: Mapping[str, Any]) -> EventFaults:
    """Read what a browser asks for; what makes no sense is passed over."""
    given, cut = payload.get("events"), payload.get("cut", 0)
    kinds = {
        int(number): str(kind)
        for number, kind in (given.items() if isinstance(given, dict) else ())
        if _NUMBER.fullmatch(number) and str(kind) in EVENT_FAULTS and kind != "none"
    }
    return EventFaults(kinds, cut if isinstance(cut, int) and 0 <= cut <= 256 else 0)  # noqa: PLR2004


def ends(text: str) -> list[int]:
    """Return where each component of a model's text ends."""
    parser = ProposalParser()
    return [
        at + 1
        for at, char in enumerate(text)
        for item in parser.feed(char)
        if not isinstance(item, Refusal)
    ]


def inject(pieces: Sequence[Piece], fault: ModelFault) -> list[Piece]:
    """Return the pieces as they come when the fault has befallen them; a break-off cuts them."""
    text = "".join(piece.text for piece in pieces)
    marks = [0, *ends(text)]
    if fault.kind == "none" or fault.at >= len(marks):
        return list(pieces)
    start, end = marks[fault.at - 1], marks[fault.at]
    if fault.kind == "stalls":
        return _stalled(pieces, start, round(fault.seconds * 1000))
    if fault.kind == "leaves":
        return _with_text(pieces, text[: (start + end) // 2])
    part = text[start:end]
    changed = part[: len(part) // 2] if fault.kind == "breaks" else _invented(part)
    return _with_text(pieces, text[:start] + changed + text[end:])


def _invented(part: str) -> str:
    return _NAMED.sub(lambda found: f'{found[1]}{INVENTED}"', part, count=1)


def _stalled(pieces: Sequence[Piece], after: int, pause: int) -> list[Piece]:
    later, read = [], 0
    for piece in pieces:
        later.append(piece._replace(at=piece.at + (pause if read >= after else 0)))
        read += len(piece.text)
    return later


def _with_text(pieces: Sequence[Piece], text: str) -> list[Piece]:
    """Return another text at the pace of these pieces."""
    payload, start = [], 0
    for piece in pieces:
        payload.append(piece._replace(text=text[start : start + len(piece.text)]))
        start += len(piece.text)
    if start < len(text) and payload:
        payload.append(Piece(payload[-1].at + 60, text[start:]))
    return [piece for piece in payload if piece.text]


def deliveries(events: Sequence[tuple[int, Event]], faults: EventFaults) -> list[Delivery]:
    """Return the events as they arrive. A swapped one comes right after the one behind it."""
    sent: list[Delivery] = []
    for number, (at, event) in enumerate(events):
        kind = faults.kinds.get(number, "none")
        if kind == "lost":
            continue
        if kind == "swapped" and number + 1 < len(events):
            sent.append(Delivery(events[number + 1][0] + 1, number, event))
        else:
            sent.append(Delivery(at + (_LATE if kind == "late" else 0), number, event))
        if kind == "twice":
            sent.append(Delivery(at, number, event))
    return sorted(sent, key=lambda item: item.at)
