"""The events of an answer in order, with the waits, the holds and the fault put among them."""

from __future__ import annotations

from collections.abc import Iterator

from .events import Event, Wire, broken_off, injected
from .scenario import CONNECTION, Fault, Scenario
from .steps import Ending, Hold, Wait

Item = Event | Hold | Wait | Ending
_ANSWERED = ("text", "finish", "done")


def timeline(scenario: Scenario, wire: Wire, model: str) -> Iterator[Item]:
    """Yield what happens after the headers; the last item, and no other, is an Ending."""
    events = wire.events(scenario, model)
    fault = scenario.fault if scenario.fault and scenario.fault.when != "byte" else None
    for item in _paused(scenario, events, fault):
        if isinstance(item, Fault):
            yield from _struck(item, wire, model)
            if item.kind in CONNECTION or item.kind == "end" or item.kind.startswith("error"):
                return
        else:
            yield item
    yield Ending()


def ending(fault: Fault) -> Ending:
    """Return how a connection is left by a fault that leaves it."""
    assert fault.kind in ("cut", "reset", "stall")
    return Ending(fault.kind, fault.every)


def _paused(scenario: Scenario, events: list[Event], fault: Fault | None) -> Iterator[Item | Fault]:
    """Place waits, holds and the fault; where a hold and a fault meet, the hold comes first."""
    holds = sorted(scenario.hold_after)
    delay = scenario.first_delay
    every = scenario.framing.comment_every
    sent = 0
    for number, event in enumerate(events, 1):
        if delay and event.part != "opening":
            yield Wait(delay)
            delay = 0.0
        while holds and event.part in _ANSWERED and holds[0] <= sent:
            holds.pop(0)
            yield Hold()
        if fault is not None and _strikes(fault, event, sent):
            yield fault
            fault = None
        yield event
        sent += event.chars
        if every and number % every == 0:
            yield Event(b"%b\n\n" % scenario.framing.comment.encode(), event.part)


def _strikes(fault: Fault, event: Event, sent: int) -> bool:
    match fault.when:
        case "body":
            return True
        case "first_token":
            return event.part in _ANSWERED
        case "chars":
            return event.part in _ANSWERED and sent >= fault.at
        case "finish":
            return event.part in ("finish", "done")
        case _:
            return event.part == "done"


def _struck(fault: Fault, wire: Wire, model: str) -> Iterator[Item]:
    """Yield what a fault does at its moment."""
    if fault.kind in CONNECTION:
        yield ending(fault)
    elif fault.kind == "end":
        yield Ending()
    elif fault.kind.startswith("error"):
        yield from (Event(data, "finish") for data in broken_off(fault, wire, model))
        yield Ending()
    else:
        yield Event(injected(fault, wire, model), "finish")
