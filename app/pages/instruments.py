"""What measures pages while they are composed: a clock, the metrics, and a span for each."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from functools import partial
from time import time_ns
from typing import NamedTuple

from app.generation.trace import Trace
from app.metrics.registry import Metrics
from app.metrics.tracing import TRACEPARENT, Tracing

PageSpan = Callable[[Trace], AbstractAsyncContextManager[None]]
"""Opens the span of a page that is composed within it."""


class Instruments(NamedTuple):
    """What pages are measured with; `clock` gives seconds."""

    clock: Callable[[], float]
    metrics: Metrics
    span: PageSpan


def measure(trace: Trace, metrics: Metrics) -> None:
    """Count how a page ended, who filled it, and what became of what models wrote."""
    metrics.pages.add(trace.status)
    metrics.composing.observe(trace.elapsed_ms / 1000)
    if trace.first_ms is not None:
        metrics.first_component.observe(trace.first_ms / 1000)
    for filler, number in trace.fillers.items():
        metrics.slots.add(filler, amount=number)
    for name, number in trace.counts.items():
        outcome, _, code = name.partition(":")
        if outcome == "refused":
            metrics.refusals.add(code, amount=number)
        elif outcome == "repaired":
            metrics.repairs.add(code, amount=number)
    for kind, number in trace.tokens._asdict().items():
        metrics.tokens.add(kind, amount=number)


def page_spans(tracing: Tracing, ready: Callable[[], Awaitable[None]]) -> PageSpan:
    """Return what opens spans; `ready` waits until tracing is loaded, as composing does."""
    return partial(_span, tracing, ready) if tracing.on else lambda _: nullcontext()


@asynccontextmanager
async def _span(
    tracing: Tracing, ready: Callable[[], Awaitable[None]], page: Trace
) -> AsyncIterator[None]:
    began = time_ns()
    with suppress(Exception):  # who composes meets it as well
        await ready()
    tracer = tracing.tracer
    if tracer is None:
        yield
        return
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - loaded by now
    from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415 - likewise

    parent = tracecontext.TraceContextTextMapPropagator().extract(
        {"traceparent": TRACEPARENT.get()}
    )
    with tracer.start_as_current_span(
        "compose page",
        context=parent,
        start_time=began,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            summary = page.summary()
            for name in ("page", "shop", "persona", "status", "model"):
                span.set_attribute(f"wandstore.{name}", str(summary[name]))
            if page.first_ms is not None:
                span.set_attribute("wandstore.first_component_ms", page.first_ms)
