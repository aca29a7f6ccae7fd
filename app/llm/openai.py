"""Chat completions as OpenAI, Moonshot's Kimi and many servers speak them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.llm import ModelFailed, Prompt, TokensUsed
from app.llm.client import StreamState
from app.settings import ProviderSettings


class OpenAiApi:
    """One server that speaks it, with the options in which servers differ."""

    def __init__(self, provider: ProviderSettings) -> None:
        self.model = provider.model
        self._address = f"{provider.base_url}/chat/completions"
        self._headers = {
            "authorization": f"Bearer {provider.key}",
            "accept": "text/event-stream",
        }
        self._options = provider

    def request(self, brief: Prompt, max_tokens: int) -> tuple[str, Mapping[str, str], object]:
        """Return address, headers and body of a streamed completion."""
        return self._address, self._headers, self._body(brief, max_tokens)

    def read(self, event: Any, answer: StreamState) -> str:
        """Return the text of a chunk; note its finish reason and usage, wherever they stand."""
        if event.get("error"):
            raise _error(event["error"])
        choices = event.get("choices") or [{}]
        choice = choices[0] if isinstance(choices[0], dict) else {}
        answer.reason = choice.get("finish_reason") or answer.reason
        usage = event.get("usage") or choice.get("usage")
        if isinstance(usage, dict):
            answer.tokens = _tokens(usage)
        text = (choice.get("delta") or {}).get("content")
        return text if isinstance(text, str) else ""

    def _body(self, brief: Prompt, max_tokens: int) -> dict[str, object]:
        options = self._options
        body: dict[str, object] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": brief.instructions},
                {"role": "user", "content": brief.request},
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            options.max_tokens_name: max_tokens,
        }
        if options.response_format != "unset":
            body["response_format"] = {"type": options.response_format}
        if options.thinking != "unset":
            body["thinking"] = {"type": options.thinking}
        if options.temperature is not None:
            body["temperature"] = options.temperature
        return body


def _tokens(usage: Mapping[str, Any]) -> TokensUsed:
    details = usage.get("prompt_tokens_details") or {}
    cached = usage.get("cached_tokens") or details.get("cached_tokens") or 0
    return TokensUsed(
        int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0), int(cached)
    )


def _error(error: Any) -> ModelFailed:
    kind = str(error.get("type", "")) if isinstance(error, dict) else ""
    code = "RATE_LIMITED" if "rate_limit" in kind else "MODEL_UNAVAILABLE"
    return ModelFailed(code, "an error inside the answer", retryable=True)
