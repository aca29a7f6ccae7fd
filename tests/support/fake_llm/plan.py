"""From a scenario to the steps that play it, byte for byte, in either protocol."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import groupby

from .anthropic_wire import AnthropicWire
from .events import Event, Wire
from .http_wire import LAST_CHUNK, chunk, response, stream_head
from .openai_wire import OpenAiWire
from .scenario import WHOLE, Fault, Framing, Protocol, Scenario
from .steps import Ending, Run, Step, Wait
from .timeline import Item, ending, timeline

_HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")

WIRES: dict[Protocol, Wire] = {"openai": OpenAiWire(), "anthropic": AnthropicWire()}


@lru_cache(maxsize=64)
def plan(scenario: Scenario, protocol: Protocol, model: str) -> tuple[Step, ...]:
    """Return the steps of one response; the last, and no other, is an Ending."""
    wait = (Wait(scenario.header_delay),) if scenario.header_delay else ()
    fault = scenario.fault
    if fault is not None and fault.kind in WHOLE:
        return (*wait, *_instead(fault, WIRES[protocol]))
    if fault is not None and fault.when == "headers":
        return (*wait, ending(fault))
    if scenario.content == "whole":
        return (*wait, Run((response(200, WIRES[protocol].whole(scenario, model)),)), Ending())
    steps: Iterable[Step]
    if fault is not None and fault.when == "byte":
        steps = _until_byte(_unbroken(replace(scenario, fault=None), protocol, model), fault)
    else:
        steps = _stream(scenario, WIRES[protocol], model)
    if scenario.framing.packet_bytes:
        steps = _packets(steps, scenario.framing)
    return (*wait, *steps)


def response_bytes(scenario: Scenario, protocol: Protocol, model: str) -> bytes:
    """Return every byte that `scenario` puts on the wire, holds and pace aside."""
    runs = (step for step in plan(scenario, protocol, model) if isinstance(step, Run))
    return b"".join(piece for run in runs for piece in run.pieces)


def _instead(fault: Fault, wire: Wire) -> tuple[Step, ...]:
    if fault.kind == "refuse":
        return (Ending("reset"),)
    if fault.kind == "empty_body":
        empty = response(200, b"", {"Content-Type": "text/event-stream; charset=utf-8"})
        return Run((empty,)), Ending()
    if fault.kind == "html":
        page = b"<!doctype html><title>Welcome</title><p>This is not an API"
        return Run((response(200, page, {"Content-Type": "text/html"}),)), Ending()
    if fault.kind == "packed":
        flood = gzip.compress(wire.text_event("x" * 100, "m") * (fault.size // 100))
        told = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
        return Run((response(200, flood, told),)), Ending()
    own = wire.error_body(fault.status, "The stand-in was told to fail", fault.error_type)
    body = own if fault.body is None else fault.body.encode()
    more = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    return Run((response(fault.status, body, more),)), Ending()


@lru_cache(maxsize=1)
def _unbroken(scenario: Scenario, protocol: Protocol, model: str) -> tuple[Step, ...]:
    """Return the steps of a stream, which tests break at one byte after the other."""
    return tuple(_stream(scenario, WIRES[protocol], model))


def _stream(scenario: Scenario, wire: Wire, model: str) -> Iterator[Step]:
    """Yield the head, the events in runs of one pace, and the closing chunk where there is one."""
    yield Run((stream_head(wire.request_id_header),))
    if scenario.framing.bom:
        yield Run((chunk(b"\xef\xbb\xbf"),))
    gap = 1 / scenario.deltas_per_second if scenario.deltas_per_second else 0.0
    for pace, items in groupby(timeline(scenario, wire, model), lambda item: _pace(item, gap)):
        events: list[bytes] = []
        for item in items:
            if isinstance(item, Event):
                events.append(item.data)
                continue
            if item == Ending():
                yield Run((LAST_CHUNK,))
            yield item
        if events:
            yield _framed(events, pace or 0.0, scenario.framing)


def _pace(item: Item, gap: float) -> float | None:
    """Return the seconds between an event and the next of its kind; None for what is no event."""
    if not isinstance(item, Event):
        return None
    return gap if item.part in ("token", "text") else 0.0


def _framed(events: list[bytes], gap: float, framing: Framing) -> Run:
    size = framing.events_per_chunk
    ended = [_written(event, framing) for event in events]
    groups = [b"".join(ended[start : start + size]) for start in range(0, len(ended), size)]
    return Run(
        tuple(_chunks(group, framing.chunk_bytes or len(group)) for group in groups), gap * size
    )


def _written(event: bytes, framing: Framing) -> bytes:
    if framing.data_lines:
        event = _over_lines(event)
    if not framing.blank_lines:
        event = event.removesuffix(b"\n")
    if framing.halves == "escaped":
        event = _HALF.sub(
            lambda half: b"\\u%04x" % ord(half[0].decode("utf-8", "surrogatepass")), event
        )
    return event.replace(b"\n", framing.line_end.encode())


def _over_lines(event: bytes) -> bytes:
    name, mark, data = event.partition(b"data: ")
    if not data.startswith(b"{"):
        return event
    pretty = json.dumps(json.loads(data.decode("utf-8", "surrogatepass")), indent=1).encode()
    return name + mark + pretty.replace(b"\n", b"\ndata:") + b"\n\n"


def _chunks(data: bytes, size: int) -> bytes:
    return b"".join(chunk(data[start : start + size]) for start in range(0, len(data), size))


def _until_byte(steps: Iterable[Step], fault: Fault) -> Iterator[Step]:
    """Keep the first `fault.at` bytes; a response that is shorter meets its fault at the end."""
    left = fault.at
    for step in steps:
        if isinstance(step, Ending) or not left:
            break
        if not isinstance(step, Run):
            yield step
            continue
        pieces = tuple(_first(step.pieces, left))
        left -= sum(map(len, pieces))
        yield Run(pieces, step.gap)
    yield ending(fault)


def _first(pieces: Iterable[bytes], count: int) -> Iterator[bytes]:
    for piece in pieces:
        if count <= 0:
            return
        yield piece[:count]
        count -= len(piece)


def _packets(steps: Iterable[Step], framing: Framing) -> Iterator[Step]:
    """Cut what lies between two waits into packets of one size, whatever they cut through."""
    for is_run, group in groupby(steps, lambda step: isinstance(step, Run)):
        if not is_run:
            yield from group
            continue
        raw = b"".join(b"".join(step.pieces) for step in group if isinstance(step, Run))
        size = framing.packet_bytes
        packets = (raw[start : start + size] for start in range(0, len(raw), size))
        yield Run(tuple(packets), framing.packet_gap)
