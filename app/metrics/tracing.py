"""Spans, sent to a collector by OTLP over HTTP; without one nothing of it is imported.

OpenTelemetry's SDK sends them from a thread of its own, out of a queue that drops what does not fit
(`OTEL_BSP_MAX_QUEUE_SIZE`): a collector that hangs or fails costs no page anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextvars import ContextVar
from threading import Thread
from typing import TYPE_CHECKING

from app import __version__
from app.util.lazy import Lazy

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

log = logging.getLogger("wandstore")

TRACEPARENT: ContextVar[str] = ContextVar("traceparent", default="")
"""The trace that a request belongs to, as its W3C header says it."""

_LAST_WORDS = 2.0
"""Seconds that the end of the process waits for spans that were not sent yet."""


class Tracing:
    """Gives the tracer once `load` has loaded it, where there is a collector.

    `counts` has the spans that it took, and those that are lost.
    """

    def __init__(self, collector: str) -> None:
        self.counts: Counter[str] = Counter()
        self.on = bool(collector)
        self._address = f"{collector.rstrip('/')}/v1/traces"
        self._provider = Lazy(self._make)

    def load(self) -> None:
        """Load the SDK, if it is to be used; where it cannot be, pages are composed without.

        Any thread may call this.
        """
        try:
            if self.on:
                self._provider()
        except (ImportError, ValueError) as error:
            log.warning("no spans are made: %s (is wandstore[telemetry] installed?)", error)

    @property
    def tracer(self) -> Tracer | None:
        """What makes spans; None until it is loaded."""
        provider = self._provider.made
        return None if provider is None else provider.get_tracer("wandstore", __version__)

    async def aclose(self) -> None:
        """Send what is left, if the collector takes it in time."""
        provider = self._provider.made
        if provider is not None:
            sending = Thread(target=provider.shutdown, name="last spans", daemon=True)
            sending.start()
            await asyncio.to_thread(sending.join, _LAST_WORDS)

    def _make(self) -> TracerProvider:
        from app.metrics.otlp import open_provider  # noqa: PLC0415 - only where a collector is set

        return open_provider(self._address, self.counts)
