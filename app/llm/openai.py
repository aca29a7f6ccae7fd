"""Chat completions as OpenAI, Moonshot's Kimi and many servers speak them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.llm import Prompt, TokensUsed
from app.llm.client import StreamState, count_of, reason_of, request_of, text_of, written
from app.llm.failures import failure_of_error, is_error
from app.settings import ProviderSettings


class OpenAiApi:
    """`provider` holds the options in which servers differ: see `request`."""

    def __init__(self, provider: ProviderSettings) -> None:
        self.model = provider.model
        self._address = f"{provider.base_url}/chat/completions"
        self._headers = {"authorization": f"Bearer {provider.key}"}
        self._provider = provider

    def request(self, prompt: Prompt, max_tokens: int) -> tuple[str, Mapping[str, str], object]:
        """Return address, headers and body of a streamed completion."""
        provider = self._provider
        request, schema = request_of(prompt, provider)
        body: dict[str, object] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": prompt.instructions},
                {"role": "user", "content": request},
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            provider.max_tokens_name: max_tokens,
        }
        if schema:
            named = {"name": "page", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        elif provider.response_format != "unset":
            body["response_format"] = {"type": "json_object"}
        if provider.thinking != "unset":
            body["thinking"] = {"type": provider.thinking}
        if provider.temperature is not None:
            body["temperature"] = provider.temperature
        return self._address, self._headers, body

    def read(self, event: Mapping[str, Any], answer: StreamState) -> str:
        """Return the text of a chunk; note its finish reason and usage, wherever they stand.

        A completion that comes whole has a message where chunks have deltas, and some servers write
        their chunks so. Others send it after the deltas as well, when all of it has been read.
        """
        choices = event.get("choices") or [{}]
        choice = choices[0] if isinstance(choices[0], dict) else {}
        if event.get("error") or choice.get("error") or (not choice and is_error(event)):
            raise failure_of_error(choice if choice.get("error") else event)
        answer.reason = reason_of(choice.get("finish_reason")) or answer.reason
        usage = event.get("usage") or choice.get("usage")
        if isinstance(usage, dict):
            answer.tokens = _tokens(usage)
        delta = choice.get("delta")
        message = delta or (not answer.in_deltas and choice.get("message")) or {}
        if message.get("refusal"):
            answer.refused = True
        text = text_of(message.get("content") or choice.get("text")) or _arguments(message)
        answer.in_deltas = answer.in_deltas or bool(delta and text)
        return text


def _arguments(message: Mapping[str, Any]) -> str:
    """Return what a function is called with: some gateways make JSON mode of a tool."""
    calls = message.get("tool_calls") or [{"function": message.get("function_call") or {}}]
    return written(calls[0].get("function", {}).get("arguments"))


def _tokens(usage: Mapping[str, Any]) -> TokensUsed:
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    cached = usage.get("cached_tokens") or details.get("cached_tokens")
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return TokensUsed(count_of(prompt), count_of(completion), count_of(cached))
