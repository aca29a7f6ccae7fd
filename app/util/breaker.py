"""A circuit breaker: after enough failures in a row a server is left alone for a while."""

from collections.abc import Callable
from typing import Literal, NamedTuple

BreakerState = Literal["closed", "open", "half_open"]


class BreakerLimits(NamedTuple):
    """When a provider that fails is left alone, and when it is trusted again."""

    failures: int = 5
    """Failures in a row after which a provider is left alone."""
    cooldown: float = 30.0
    """Seconds for which it is left alone."""
    successes: int = 3
    """Calls that must then succeed."""


class Breaker:
    """closed -> (failures in a row) -> open -> (rest) -> half_open -> (successes) -> closed.

    While half open one call at a time is let through; a failure opens it again. What becomes of a
    call that was let through in an earlier state says nothing about this one and is passed over.
    """

    def __init__(
        self, clock: Callable[[], float], numbers: BreakerLimits = BreakerLimits()
    ) -> None:
        self._clock = clock
        self._numbers = numbers
        self._state: BreakerState = "closed"
        self._era = 1
        self._failures = 0
        self._successes = 0
        self._opened_at = 0.0
        self._trying = False

    @property
    def state(self) -> BreakerState:
        """The state now; an open breaker turns half open by the passing of time."""
        if self._state == "open" and self._clock() - self._opened_at >= self._numbers.cooldown:
            self._enter("half_open")
        return self._state

    def admit(self) -> int | None:
        """Return a permit where a call may be made; every call must be judged, with its permit."""
        state = self.state
        if state == "open" or self._trying:
            return None
        self._trying = state == "half_open"
        return self._era

    def succeeded(self, permit: int) -> None:
        """Judge a call good."""
        if permit != self._era:
            return
        self._failures = 0
        self._successes += 1
        self._trying = False
        if self._state == "half_open" and self._successes >= self._numbers.successes:
            self._enter("closed")

    def failed(self, permit: int) -> None:
        """Judge a call bad."""
        if permit != self._era:
            return
        self._failures += 1
        if self._state == "half_open" or self._failures >= self._numbers.failures:
            self._opened_at = self._clock()
            self._enter("open")

    def given_up(self, permit: int) -> None:
        """Judge a call neither good nor bad: we ended it ourselves."""
        if permit == self._era:
            self._trying = False

    def _enter(self, state: BreakerState) -> None:
        self._state = state
        self._era += 1
        self._failures = self._successes = 0
        self._trying = False
