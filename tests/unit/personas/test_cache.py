"""What is remembered of shoppers between two requests."""

from __future__ import annotations

import pytest

from app.domain.experiments import NO_ARM, Assignment
from app.domain.persona import NEWCOMER, Persona, Shopper
from app.personas.cache import ShopperCache
from app.storage.patience import Patience
from tests.support.clock import Clock

pytestmark = pytest.mark.anyio

COLLECTOR = Persona("collector", 0.85)


async def persona_of(shopper_id: str, shop_id: str) -> Persona:
    """Return the one collector, of one shop."""
    return COLLECTOR if (shopper_id, shop_id) == ("shop_1", "demo") else NEWCOMER


class NoArms:
    """No experiment at all."""

    edition = 0

    def of(self, _: Shopper) -> Assignment:
        return NO_ARM


async def test_a_shopper_of_one_shop_is_a_stranger_to_another() -> None:
    cache = ShopperCache(persona_of, Clock(), Patience(1.0, Clock()), NoArms())
    assert (await cache.get("shop_1", "demo")).shopper.persona == COLLECTOR
    assert cache.cached("shop_1", "corner") is None
    assert (await cache.get("shop_1", "corner")).shopper.persona == NEWCOMER
