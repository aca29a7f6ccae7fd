"""Builds the models from the settings, in the order they are asked in, the house last."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from app.domain.llm import Model, Prompt
from app.generation import rules
from app.llm.budget import Budget
from app.llm.coalesce import CoalescingModel
from app.llm.house import HouseModel
from app.llm.metered import MeteredModel
from app.llm.retry import RetryingModel
from app.metrics.registry import Metrics
from app.metrics.tracing import Tracing
from app.personas.key import persona_hash
from app.settings import ProviderSettings, Settings
from app.util.breaker import Breaker
from app.util.lazy import Lazy

if TYPE_CHECKING:
    import httpx


class Providers:
    """The models that are paid for, the HTTP client they share, and the budget that pays.

    The client and all that speaks to providers is loaded by `load`, or by the first call: on a
    sixteenth of a CPU that takes a second, which no shopper should wait for at the start.
    """

    def __init__(
        self, settings: Settings, budget: Budget, metrics: Metrics, tracing: Tracing
    ) -> None:
        self.budget = budget
        self._tracing = tracing
        self._metrics = metrics
        self._settings = settings
        self._http = Lazy(_open_client)
        providers = {"kimi": settings.kimi, "claude": settings.claude}
        self.by_name: Mapping[str, RetryingModel] = {
            name: self._careful(name, provider)
            for name, provider in providers.items()
            if provider.key
        }
        self._shared = tuple(map(CoalescingModel, self.by_name.values()))

    def with_house(self, house: rules.House) -> tuple[Model, ...]:
        """Return the models in their order, the house last.

        The house writes at its own pace where it is alone; after models it has no time to lose.
        """
        pace = 0.0 if self.by_name else self._settings.house_pace
        return (*self._shared, house_model(house, pace))

    def load(self) -> None:
        """Load what speaks to providers, where there are any. Any thread may call this."""
        if self.by_name:
            self._http()

    def is_degraded(self, model: str) -> bool:
        """Say whether the house had to help with a page that models were to write."""
        return bool(self.by_name) and HouseModel.name in model.split("+")

    @property
    def states(self) -> Mapping[str, str]:
        """How each provider is, by what became of the last calls: `ok`, or what is wrong."""
        return {name: model.trouble or "ok" for name, model in self.by_name.items()}

    def health(self) -> str:
        """Say how the providers are, all in one."""
        if not self.by_name:
            return "not_configured"
        troubles = [f"{name}: {state}" for name, state in self.states.items() if state != "ok"]
        return "; ".join(troubles) or "ok"

    async def aclose(self) -> None:
        """Close the client, and keep what was spent."""
        await self.budget.flush()
        if self._http.made is not None:
            await self._http.made.aclose()

    def _careful(self, name: str, provider: ProviderSettings) -> RetryingModel:
        client = Lazy(partial(self._client, name, provider))
        most = self._settings.calls.max_tokens
        metered = MeteredModel(provider.model, client, self.budget, most)
        breaker = Breaker(time.monotonic, self._settings.breaker)
        return RetryingModel(metered, breaker, self._settings.calls.retry_pause, self._metrics)

    def _client(self, name: str, provider: ProviderSettings) -> Model:
        from app.llm.providers import build_client  # noqa: PLC0415 - loaded when first needed

        client = build_client(name, provider, self._http, self._settings.calls)
        tracer = self._tracing.tracer
        if tracer is None:
            return client
        from app.llm.traced import TracedModel  # noqa: PLC0415 - only where calls are traced

        protocol = "openai" if name == "kimi" else "anthropic"
        return TracedModel(client, tracer, protocol, provider.base_url)


def _open_client() -> httpx.AsyncClient:
    from app.llm.providers import open_client  # noqa: PLC0415 - loaded when first needed

    return open_client()


def house_model(house: rules.House, pace: float) -> HouseModel:
    """Return the house: no model, but rules that choose and copy that is written already."""

    def choose(prompt: Prompt) -> list[dict[str, object]]:
        seed = persona_hash(prompt.persona)
        page = rules.compose(prompt.shop, prompt.persona, house, seed)
        return [component.as_json() for component in page]

    return HouseModel(choose, pace)
