"""How much may be taken: of time, of a model's text, of money. Each is a setting."""

from __future__ import annotations

from typing import NamedTuple


class CallLimits(NamedTuple):
    """Seconds: to connect, to the first text, between two texts, and for the whole answer.

    Only text counts: a provider that sends comments or empty events says nothing. The numbers are
    the platform's contract; `max_tokens` is how many tokens an answer may have.
    """

    connect: float = 3.0
    first_token: float = 10.0
    idle: float = 8.0
    total: float = 25.0
    max_tokens: int = 4000


class ParseLimits(NamedTuple):
    """How much of a model's answer is read. Lengths are in characters."""

    answer: int = 65_536
    component: int = 8_192
    components: int = 32
    depth: int = 12


class Deadlines(NamedTuple):
    """Seconds from the moment a page's composing begins.

    `models` is what all models together may take; the rest is the last composer's. A slot whose
    time has passed keeps its fallback, and at `page` the page ends with what is there.
    """

    models: float = 40.0
    slot: float = 45.0
    page: float = 50.0


class Spending(NamedTuple):
    """What models may cost: calls and tokens a shop and hour, and calls a client address and hour.

    The last is for shoppers who came less than an hour ago: they are cheap to invent.
    """

    calls: int = 1_000
    tokens: int = 4_000_000
    new_calls: int = 60


class BreakerLimits(NamedTuple):
    """Failures in a row that open a breaker, seconds until it is tried, successes that close it."""

    failures: int = 5
    cooldown: float = 30.0
    successes: int = 3
