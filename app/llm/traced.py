"""A model whose calls are spans, with OpenTelemetry's names for generative AI."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.domain.llm import Model, ModelEnded, ModelEvent, ModelFailed, Prompt, TokensUsed

_PROPAGATOR = TraceContextTextMapPropagator()


class TracedModel:
    """Asks another model, and has the call belong to the page's trace, also at the provider.

    `protocol` is whose the provider speaks, at this address. A span holds no word of prompt or
    answer.
    """

    def __init__(self, inner: Model, tracer: Tracer, protocol: str, address: str) -> None:
        self.name = inner.name
        self._inner = inner
        self._tracer = tracer
        where = urlsplit(address)
        self._attributes: dict[str, str | int] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": protocol,
            "gen_ai.request.model": inner.name,
            "gen_ai.request.stream": True,
            "server.address": where.hostname or "",
            "server.port": where.port or (443 if where.scheme == "https" else 80),
        }

    async def compose(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Yield the answer.

        Raises:
            ModelFailed: as the model says.
        """
        span = self._tracer.start_span(
            f"chat {self.name}", kind=SpanKind.CLIENT, attributes=self._attributes
        )
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, set_span_in_context(span))
        failure = "cancelled"
        try:
            traced = prompt._replace(traceparent=carrier.get("traceparent", ""))
            async with aclosing(self._inner.compose(traced)) as events:
                async for event in events:
                    if isinstance(event, ModelEnded):
                        failure = ""
                        span.set_attribute("gen_ai.response.finish_reasons", [event.reason])
                        span.set_attributes(_usage(event.tokens))
                    yield event
        except ModelFailed as failed:
            failure = failed.code
            span.set_attributes(_usage(failed.tokens))
            raise
        finally:
            if failure:
                span.set_attribute("error.type", failure)
                span.set_status(Status(StatusCode.ERROR))
            span.end()


def _usage(tokens: TokensUsed) -> dict[str, int]:
    return {
        "gen_ai.usage.input_tokens": tokens.prompt,
        "gen_ai.usage.output_tokens": tokens.completion,
        "gen_ai.usage.cache_read.input_tokens": tokens.cached,
    }
