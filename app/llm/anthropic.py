"""Messages as Anthropic's API speaks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.llm import ModelFailed, Prompt, TokensUsed
from app.llm.client import StreamState
from app.settings import ProviderSettings

_VERSION = "2023-06-01"


class AnthropicApi:
    """The instructions are marked as cacheable, since they are the same for every page."""

    def __init__(self, provider: ProviderSettings) -> None:
        self.model = provider.model
        root = provider.base_url.removesuffix("/v1")
        self._address = f"{root}/v1/messages"
        self._headers = {
            "x-api-key": provider.key,
            "anthropic-version": _VERSION,
            "accept": "text/event-stream",
        }

    def request(self, brief: Prompt, max_tokens: int) -> tuple[str, Mapping[str, str], object]:
        """Return address, headers and body of a streamed message."""
        stable = {
            "type": "text",
            "text": brief.instructions,
            "cache_control": {"type": "ephemeral"},
        }
        body = {
            "model": self.model,
            "max_tokens": max_tokens,
            "system": [stable],
            "messages": [{"role": "user", "content": brief.request}],
            "stream": True,
        }
        return self._address, self._headers, body

    def read(self, event: Any, answer: StreamState) -> str:
        """Return the text of an event; note usage, stop reason and the end."""
        kind = event.get("type")
        if kind == "content_block_delta":
            text = (event.get("delta") or {}).get("text")
            return text if isinstance(text, str) else ""
        if kind == "message_start":
            self._count((event.get("message") or {}).get("usage"), answer)
        elif kind == "message_delta":
            answer.reason = (event.get("delta") or {}).get("stop_reason") or answer.reason
            self._count(event.get("usage"), answer)
        elif kind == "message_stop":
            answer.ended = True
        elif kind == "error":
            raise _error(event.get("error"))
        return ""

    @staticmethod
    def _count(usage: Any, answer: StreamState) -> None:
        if not isinstance(usage, dict):
            return
        cached = int(usage.get("cache_read_input_tokens") or 0)
        written = int(usage.get("cache_creation_input_tokens") or 0)
        fresh = int(usage.get("input_tokens") or 0)
        known = answer.tokens
        prompt = fresh + cached + written or known.prompt
        completion = int(usage.get("output_tokens") or 0) or known.completion
        answer.tokens = TokensUsed(prompt, completion, cached or known.cached)


def _error(error: Any) -> ModelFailed:
    kind = error.get("type", "") if isinstance(error, dict) else ""
    code = "RATE_LIMITED" if kind == "rate_limit_error" else "MODEL_UNAVAILABLE"
    return ModelFailed(code, "an error inside the answer", retryable=True)
