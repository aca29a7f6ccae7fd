"""Speaks to the providers: what is loaded when the first page is to be composed."""

from __future__ import annotations

from urllib.request import getproxies

import httpx

from app.domain.limits import CallLimits
from app.llm.anthropic import AnthropicApi
from app.llm.client import ChatClient
from app.llm.openai import OpenAiApi
from app.llm.transport import PacedTransport
from app.settings import ProviderSettings


class ModelClients:
    """One HTTP client for all providers; where a proxy is set, httpx's own way to it."""

    def __init__(self, limits: CallLimits) -> None:
        self._limits = limits
        proxied = getproxies().keys() & {"http", "https", "all"}
        self._http = httpx.AsyncClient(transport=None if proxied else PacedTransport())

    def kimi(self, provider: ProviderSettings) -> ChatClient:
        """Return a model that speaks OpenAI's protocol."""
        return ChatClient(OpenAiApi(provider), lambda: self._http, self._limits)

    def claude(self, provider: ProviderSettings) -> ChatClient:
        """Return a model that speaks Anthropic's protocol."""
        return ChatClient(AnthropicApi(provider), lambda: self._http, self._limits)

    async def aclose(self) -> None:
        """Close the client."""
        await self._http.aclose()
