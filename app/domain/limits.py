"""Limits on time, on a model's text and on spending. Each is a setting."""

from typing import NamedTuple

MAX_LEASE = 60
"""Seconds without a sign of life after which a page is another process's to compose, at most."""


class CallLimits(NamedTuple):
    """Seconds and tokens of one call to a model. The numbers are the platform's contract.

    Only text counts: a provider that sends comments or empty events says nothing.
    """

    connect: float = 3.0
    """A call: seconds to connect."""
    first_token: float = 10.0
    """A call: seconds to its first text."""
    idle: float = 8.0
    """A call: seconds between two texts."""
    total: float = 25.0
    """A call: seconds in all."""
    retry_pause: float = 1.0
    """A call: seconds before its second attempt, where the provider asks for none."""
    max_tokens: int = 4000
    """Tokens an answer may have."""


class ParseLimits(NamedTuple):
    """How much of a model's answer is read."""

    answer: int = 65_536
    """Characters of an answer that are read."""
    component: int = 8_192
    """Characters of one component."""
    components: int = 32
    """Components in one answer."""
    depth: int = 12
    """Brackets inside each other."""


class Deadlines(NamedTuple):
    """Seconds from the moment a page's composing begins."""

    models: float = 40.0
    """Seconds that all models together may take for a page; the rest is the house model's."""
    slot: float = 45.0
    """Seconds until a slot keeps its fallback; `components/slots.py` may set less for one."""
    page: float = 50.0
    """Seconds until the page ends with what is there."""


class Spending(NamedTuple):
    """What models may cost."""

    calls: int = 1_000
    """Calls to models, a shop and hour."""
    tokens: int = 4_000_000
    """Tokens of models, a shop and hour."""
    new_calls: int = 60
    """Calls for shoppers who came less than an hour ago, a client address (IPv6: /64) and hour."""
    address_calls: int = 120
    """Calls for all shoppers of a client address and hour."""
    all_calls: int = 5_000
    """Calls to models for all shops together, an hour."""
    all_tokens: int = 20_000_000
    """Tokens of models for all shops together, an hour."""
    instances: int = 1
    """Containers that share what shops may spend, equally while they cannot ask the Worker what all
    have spent; it tells each how many there are."""

    @property
    def share(self) -> "Spending":
        """What one of the containers may spend: together they spend no more than is set."""
        return self._replace(
            calls=self.calls // self.instances,
            tokens=self.tokens // self.instances,
            all_calls=self.all_calls // self.instances,
            all_tokens=self.all_tokens // self.instances,
        )


class ConnectionLimits(NamedTuple):
    """How many clients may be connected, and how long they may keep the server waiting."""

    most: int = 8_192
    """Connections at the same time; fewer where descriptors or memory are scarce."""
    head: float = 10.0
    """A connection: seconds until a request's head is whole, from its first byte or the opening."""
    stall: float = 60.0
    """A connection: seconds for which a client may take nothing of what is sent to it."""


class Claim(NamedTuple):
    """A call to be paid from an account, and what that may have spent this hour, calls and tokens.

    An account that has spent all of its calls pays for none; `tokens` are the most the call takes.
    """

    account: str
    tokens: int
    max_calls: float
    max_tokens: float


class Verdict(NamedTuple):
    """What came of claims: the first that was refused, if any, else all were paid in `minute`.

    `calls` and `tokens` are what the first account has spent this hour. Nothing was paid where the
    page's lease is `lost`.
    """

    refused: int | None
    minute: int
    calls: int
    tokens: int
    lost: bool = False
