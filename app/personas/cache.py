"""Remembers shoppers for a few seconds, so that a kept page needs no database."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple, Protocol

from app.domain.experiments import NO_ARM, Assignment
from app.domain.persona import NEWCOMER, PageKey, Persona, Shopper
from app.personas.key import page_key
from app.storage.errors import StorageError
from app.storage.patience import Patience
from app.util.latest import Latest

_MOST = 5_000
_FRESH = 10.0


class KnownShopper(NamedTuple):
    """A shopper with their arm and the key of their page; `page_key` is as KV spells it.

    They are known `until` then (seconds), and in this arm as long as arms are of this `edition`.
    """

    shopper: Shopper
    key: PageKey
    page_key: str
    until: float
    arm: Assignment = NO_ARM
    edition: int = 0


class ArmSource(Protocol):
    """Says which arm of an experiment a shopper is in, for as long as its edition is the same."""

    @property
    def edition(self) -> int: ...

    def of(self, shopper: Shopper, /) -> Assignment: ...


class ShopperCache:
    """Remembers the shoppers seen last. One whose persona cannot be read in time is a newcomer."""

    def __init__(
        self,
        persona_of: Callable[[str, str], Awaitable[Persona]],
        clock: Callable[[], float],
        patience: Patience,
        arms: ArmSource,
    ) -> None:
        self._persona_of = persona_of
        self._patience = patience
        self._clock = clock
        self._arms = arms
        self._known: Latest[str, KnownShopper] = Latest(_MOST)

    def cached(self, shopper_id: str, shop_id: str) -> KnownShopper | None:
        """Return what is remembered, without waiting, in the arm that they are in now."""
        known = self._known.get(shopper_id)
        if known is None or known.until <= self._clock() or known.shopper.shop_id != shop_id:
            return None
        return known if known.edition == self._arms.edition else self.put(known.shopper)

    async def get(self, shopper_id: str, shop_id: str) -> KnownShopper:
        """Return the shopper with their current persona."""
        known = self.cached(shopper_id, shop_id)
        if known is not None:
            return known
        try:
            ask = partial(self._persona_of, shopper_id, shop_id)
            persona = await self._patience.read(ask)
        except StorageError:
            persona = NEWCOMER
        return self.put(Shopper(shopper_id, shop_id, persona))

    def forget(self, shopper_id: str) -> None:
        """Remember nothing of a shopper."""
        self._known.pop(shopper_id, None)

    def put(self, shopper: Shopper) -> KnownShopper:
        """Remember a shopper as they are known from now on."""
        known = self.keyed(shopper)._replace(until=self._clock() + _FRESH)
        self._known[shopper.id] = known
        return known

    def keyed(self, shopper: Shopper) -> KnownShopper:
        """Return a shopper with the key of their page, to be remembered by nobody."""
        return keyed(shopper, self._arms.of(shopper))._replace(edition=self._arms.edition)


def keyed(shopper: Shopper, arm: Assignment = NO_ARM) -> KnownShopper:
    """Return a shopper of an arm with the key of their page."""
    key = page_key(shopper, arm.key)
    return KnownShopper(shopper, key, str(key), 0.0, arm)
