"""Sets up OpenTelemetry's SDK; imported only where a collector is set."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from app import __version__


class CountingExporter(OTLPSpanExporter):
    """Counts the spans that the collector took, and those that are lost."""

    def __init__(self, address: str, counts: Counter[str]) -> None:
        super().__init__(endpoint=address)
        self._counts = counts

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; the SDK calls this in its own thread."""
        result = super().export(spans)
        self._counts["sent" if result is SpanExportResult.SUCCESS else "lost"] += len(spans)
        return result


def open_provider(address: str, counts: Counter[str]) -> TracerProvider:
    """Return what makes tracers, whose spans go to this address; its thread has begun."""
    # Lost spans are counted; the SDK would log a line for each attempt.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    ours = Resource({"service.name": "wandstore", "service.version": __version__})
    resource = ours.merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(CountingExporter(address, counts)))
    return provider
