"""Clients of the providers, imported only when the first page is to be composed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.request import getproxies

import httpx

from app.domain.limits import CallLimits
from app.llm.anthropic import AnthropicApi
from app.llm.client import ChatClient, ProviderApi
from app.llm.openai import OpenAiApi
from app.llm.transport import PacedTransport
from app.settings import ProviderSettings
from app.storage.http import take_no_cookies

_APIS: Mapping[str, Callable[[ProviderSettings], ProviderApi]] = {
    "kimi": OpenAiApi,
    "claude": AnthropicApi,
}


def build_client(
    name: str, provider: ProviderSettings, http: Callable[[], httpx.AsyncClient], limits: CallLimits
) -> ChatClient:
    """Return a provider's model, which speaks over the client that all share."""
    return ChatClient(_APIS[name](provider), http, limits)


def open_client() -> httpx.AsyncClient:
    """Return the client that all providers share; where a proxy is set, with httpx's way to it."""
    proxied = getproxies().keys() & {"http", "https", "all"}
    return take_no_cookies(httpx.AsyncClient(transport=None if proxied else PacedTransport()))
