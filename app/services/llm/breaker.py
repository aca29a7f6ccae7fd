"""A circuit breaker: after enough failures in a row a provider is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerNumbers:
    """Failures in a row that open it, seconds until it is tried, successes that close it."""

    failures: int = 5
    rest: float = 30.0
    successes: int = 3


class Breaker:
    """closed -> (failures in a row) -> open -> (rest) -> half_open -> (successes) -> closed.

    While half open one call at a time is let through; a failure opens it again.
    """

    def __init__(
        self, clock: Callable[[], float], numbers: BreakerNumbers = BreakerNumbers()
    ) -> None:
        self._clock = clock
        self._numbers = numbers
        self._state: BreakerState = "closed"
        self._failures = 0
        self._successes = 0
        self._opened_at = 0.0
        self._trying = False

    @property
    def state(self) -> BreakerState:
        """The state now; an open breaker turns half open by the passing of time."""
        if self._state == "open" and self._clock() - self._opened_at >= self._numbers.rest:
            self._state, self._successes, self._trying = "half_open", 0, False
        return self._state

    def admit(self) -> bool:
        """Say whether a call may be made; every call that was let through must be judged."""
        state = self.state
        if state == "half_open":
            free, self._trying = not self._trying, True
            return free
        return state == "closed"

    def succeeded(self) -> None:
        """Judge a call good."""
        self._failures = 0
        self._trying = False
        if self._state == "half_open":
            self._successes += 1
            if self._successes >= self._numbers.successes:
                self._state = "closed"

    def failed(self) -> None:
        """Judge a call bad."""
        self._trying = False
        self._failures += 1
        if self._state == "half_open" or self._failures >= self._numbers.failures:
            self._state, self._opened_at, self._failures = "open", self._clock(), 0

    def given_up(self) -> None:
        """Judge a call neither good nor bad: we ended it ourselves."""
        self._trying = False
