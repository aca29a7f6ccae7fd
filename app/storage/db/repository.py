"""The shop's tables as the shop uses them, over anything that runs statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from app.domain.facts import Fact
from app.domain.persona import NEWCOMER, Persona
from app.storage.db.rows import (
    Generation,
    Row,
    ShopperHistory,
    Visited,
    read_facts,
    read_persona,
)
from app.storage.db.statements import (
    ANY_FACT,
    Statement,
    add_facts,
    generated,
    persona_of,
    set_persona,
    visited,
)


class Runner(Protocol):
    """Runs statements in one transaction and returns the rows of each; StorageError where not."""

    async def __call__(self, work: Sequence[Statement]) -> Sequence[Sequence[Row]]: ...


class ShopRepository:
    """The tables of `migrations/`. Every method may raise StorageError."""

    def __init__(self, run: Runner) -> None:
        self._run = run

    async def persona_of(self, shopper_id: str) -> Persona:
        """Return the shopper's current persona; the newcomer where nothing is known."""
        (rows,) = await self._run(persona_of(shopper_id))
        return read_persona(rows[0]) if rows else NEWCOMER

    async def set_persona(
        self,
        sighting: Visited,
        persona: Persona,
        persona_hash: str,
        judged: int = ANY_FACT,
    ) -> None:
        """Make a persona the shopper's current one, unless facts after `judged` have come."""
        await self._run(set_persona(sighting, persona, persona_hash, judged))

    async def add_facts(self, sighting: Visited, facts: Iterable[Fact]) -> ShopperHistory:
        """Note what a shopper did; return all that is kept of what they did."""
        *_, kept, current = await self._run(add_facts(sighting, facts))
        persona_hash = current[0]["current_persona_hash"] if current else None
        newest = kept[-1]["id"] if kept else 0
        return ShopperHistory(read_facts(kept), persona_hash, newest)

    async def record(self, sightings: Iterable[Visited], generations: Iterable[Generation]) -> None:
        """Write who was here and what was composed."""
        work = [*map(visited, sightings), *map(generated, generations)]
        await self._run(work)
