"""A model that is asked a second time where it fails, behind a circuit breaker."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.domain.llm import (
    CallRefused,
    Model,
    ModelEnded,
    ModelEvent,
    ModelFailed,
    ModelNotice,
    ModelText,
    Prompt,
)
from app.metrics.registry import Metrics
from app.util.breaker import Breaker

log = logging.getLogger("wandstore.models")

ATTEMPTS = 2
LONGEST_RETRY_AFTER = 10.0

_STATUS = re.compile(r"\bHTTP ([1-5]\d\d)\b")
_IN_A_ROW = 2
"""Failures after which one that may pass by itself is told of."""


class RetryingModel:
    """Asks a provider twice at most, never again once text has come, and not while it rests.

    `counts` has every failure by its code and by its reason, `metrics` every call's outcome.
    """

    def __init__(
        self, inner: Model, breaker: Breaker, pause: float, metrics: Metrics | None = None
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.name = inner.name
        self.breaker = breaker
        self._inner = inner
        self._pause = pause
        self._calls = (metrics or Metrics()).model_calls
        self._failures: list[ModelFailed] = []

    @property
    def trouble(self) -> str:
        """Say how the provider fails; empty while it answers, or may have failed by chance."""
        last = self._failures[-1:]
        reason = last[0].reason if last else "no answer"
        if self.breaker.state != "closed":
            return f"resting ({reason})"
        lasting = len(self._failures) >= _IN_A_ROW or any(not no.retryable for no in last)
        return f"failing ({reason})" if lasting else ""

    async def compose(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Yield the first attempt's answer that begins.

        Raises:
            ModelFailed: both attempts failed, or the answer broke off.
            CallRefused: the breaker is open, or there is no money.
        """
        for attempt in range(1, ATTEMPTS + 1):
            permit = self.breaker.admit()
            if permit is None:
                self.counts["breaker_open"] += 1
                raise CallRefused("MODEL_UNAVAILABLE", "the breaker is open")
            spoken = judged = False
            try:
                async with aclosing(self._inner.compose(prompt)) as events:
                    async for event in events:
                        spoken = spoken or isinstance(event, ModelText)
                        if isinstance(event, ModelEnded):
                            judged = True
                            self.breaker.succeeded(permit)
                            self._calls.add(self.name, "answered", "200")
                            self._failures = []
                        yield event
                return
            except ModelFailed as failure:
                if not isinstance(failure, CallRefused):
                    judged = True
                    self.breaker.failed(permit)
                self._note(failure)
                wait = self._wait_after(failure)
                if spoken or wait is None or attempt == ATTEMPTS:
                    raise
                why = failure
            finally:
                if not judged:
                    self.breaker.given_up(permit)
            self.counts["retried"] += 1
            yield ModelNotice("retried", why.code, why.reason)
            await asyncio.sleep(wait)

    def _note(self, failure: ModelFailed) -> None:
        self.counts[failure.code] += 1
        status = _STATUS.search(failure.reason)
        self._calls.add(self.name, failure.code, status[1] if status else "")
        if isinstance(failure, CallRefused):
            return
        self._failures = [*self._failures, failure][-_IN_A_ROW:]
        self.counts[failure.reason] += 1
        failed = {"model": self.name, "code": failure.code, "reason": failure.reason}
        log.warning({"event": "model_failed", **failed})

    def _wait_after(self, failure: ModelFailed) -> float | None:
        """Return the seconds to wait before another attempt, None where there is to be none."""
        if not failure.retryable:
            return None
        if failure.retry_after is None:
            return self._pause
        return failure.retry_after if failure.retry_after <= LONGEST_RETRY_AFTER else None
