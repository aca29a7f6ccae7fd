"""Messages as Anthropic's API speaks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.llm import Prompt, TokensUsed
from app.llm.client import StreamState, count_of, reason_of, request_of, text_of, text_of_part
from app.llm.failures import failure_of_error
from app.settings import ProviderSettings

_VERSION = "2023-06-01"


class AnthropicApi:
    """The instructions are marked as cacheable, since they are the same for every page."""

    def __init__(self, provider: ProviderSettings) -> None:
        self.model = provider.model
        root = provider.base_url.removesuffix("/v1")
        self._address = f"{root}/v1/messages"
        self._headers = {"x-api-key": provider.key, "anthropic-version": _VERSION}
        self._provider = provider

    def request(self, prompt: Prompt, max_tokens: int) -> tuple[str, Mapping[str, str], object]:
        """Return address, headers and body of a streamed message."""
        stable = {
            "type": "text",
            "text": prompt.instructions,
            "cache_control": {"type": "ephemeral"},
        }
        request, schema = request_of(prompt, self._provider)
        body: dict[str, object] = {
            "model": self.model,
            "max_tokens": max_tokens,
            "system": [stable],
            "messages": [{"role": "user", "content": request}],
            "stream": True,
        }
        if self._provider.thinking != "unset":
            body["thinking"] = {"type": self._provider.thinking}
        if schema:
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        return self._address, self._headers, body

    def read(self, event: Mapping[str, Any], answer: StreamState) -> str:
        """Return the text of an event; note usage, stop reason and the end.

        A message that comes whole is one event with all of it.
        """
        match event.get("type"):
            case "content_block_delta":
                return text_of_part(event.get("delta"))
            case "content_block_start":
                return text_of_part(event.get("content_block"))
            case "message_delta":
                self._note({**event, **(event.get("delta") or {})}, answer)
            case "message_stop":
                answer.ended = True
            case "message_start" | "message" as kind:
                message = event if kind == "message" else event.get("message") or {}
                self._note(message, answer)
                answer.ended = kind == "message"
                return text_of(message.get("content"))
            case kind if kind == "error" or event.get("error"):
                raise failure_of_error(event)
        return ""

    @staticmethod
    def _note(message: Mapping[str, Any], answer: StreamState) -> None:
        answer.reason = reason_of(message.get("stop_reason")) or answer.reason
        usage = message.get("usage")
        if not isinstance(usage, dict):
            return
        cached = count_of(usage.get("cache_read_input_tokens"))
        written = count_of(usage.get("cache_creation_input_tokens"))
        fresh = count_of(usage.get("input_tokens"))
        known = answer.tokens
        prompt = fresh + cached + written or known.prompt
        completion = count_of(usage.get("output_tokens")) or known.completion
        answer.tokens = TokensUsed(prompt, completion, cached or known.cached)
