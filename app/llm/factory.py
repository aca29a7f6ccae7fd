"""Builds who composes pages from the settings: the models in their order, the house last."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import TYPE_CHECKING

from app.content.prompts import Prompts
from app.domain.llm import ModelEvent, Prompt
from app.generation import rules
from app.llm.breaker import Breaker
from app.llm.budget import Budget
from app.llm.coalesce import CoalescingModel
from app.llm.house import HouseModel
from app.llm.metered import MeteredModel
from app.llm.retry import Composer, RetryingModel
from app.personas.key import persona_hash
from app.settings import ProviderSettings, Settings

if TYPE_CHECKING:
    from app.llm.providers import ModelClients


class Providers:
    """The composers in their order, the HTTP client they share, and the purse that pays for them.

    The house writes at its own pace where it is alone; after models it has no time to lose.

    The client and all that speaks to providers is loaded by `load`, or by the first call: on a
    sixteenth of a CPU that takes a second, which no shopper should wait for at the start.
    """

    def __init__(self, settings: Settings, prompts: Prompts, purse: Budget) -> None:
        self.budget = purse
        self._calls = settings.calls
        self._breaker = settings.breaker
        self._clients: ModelClients | None = None
        self.by_name: dict[str, RetryingModel] = {}
        if settings.kimi.key:
            self._add("kimi", settings.kimi, lambda kimi: self._loaded().kimi(kimi))
        if settings.claude.key:
            self._add("claude", settings.claude, lambda claude: self._loaded().claude(claude))
        self._lines: rules.HouseCopy = prompts.house
        self.in_order: tuple[Composer, ...] = (
            *map(CoalescingModel, self.by_name.values()),
            HouseModel(self.house_rules, 0.0 if self.by_name else settings.house_pace),
        )

    def _add(
        self, name: str, provider: ProviderSettings, make: Callable[[ProviderSettings], Composer]
    ) -> None:
        late = _Late(provider.model, partial(make, provider))
        paid = MeteredModel(late, self.budget, self._calls.max_tokens)
        self.by_name[name] = RetryingModel(paid, Breaker(time.monotonic, self._breaker))

    def take_up(self, prompts: Prompts) -> None:
        """Let the house compose with these lines from now on."""
        self._lines = prompts.house

    def house_rules(self, brief: Prompt) -> list[dict[str, object]]:
        """Return what the house chooses."""
        return rules.compose(brief.shop, brief.persona, self._lines, persona_hash(brief.persona))

    def load(self) -> None:
        """Load what speaks to providers, where there are any. Any thread may call this."""
        if self.by_name:
            self._loaded()

    def _loaded(self) -> ModelClients:
        if self._clients is None:
            from app.llm.providers import ModelClients  # noqa: PLC0415 - loaded when first needed

            self._clients = ModelClients(self._calls)
        return self._clients

    def is_degraded(self, model: str) -> bool:
        """Say whether the house had to help with a page that models were to write."""
        return bool(self.by_name) and self.in_order[-1].model in model.split("+")

    def health(self) -> str:
        """Say how the providers are, by their breakers."""
        if not self.by_name:
            return "not_configured"
        resting = [name for name, item in self.by_name.items() if item.breaker.state != "closed"]
        return f"resting: {', '.join(resting)}" if resting else "ok"

    async def aclose(self) -> None:
        """Close the client, and keep what was spent."""
        await self.budget.flush()
        if self._clients is not None:
            await self._clients.aclose()


class _Late:
    """A composer that is made when it is first asked."""

    def __init__(self, model: str, make: Callable[[], Composer]) -> None:
        self.model = model
        self._make = make
        self._made: Composer | None = None

    def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        if self._made is None:
            self._made = self._make()
        return self._made.compose(brief)
