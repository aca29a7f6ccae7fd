"""Which products a shopper is interested in, counted from what they did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

from app.domain.catalog import Shop
from app.domain.facts import Fact
from app.domain.persona import Interests, PageKey
from app.personas.demand import DemandReader, suggest
from app.personas.key import is_for_all, is_newcomers
from app.personas.rules import MIN_DWELL
from app.storage.errors import StorageError
from app.storage.patience import Patience

FactsOf = Callable[[str], Awaitable[Sequence[Fact]]]
"""Reads what a shopper did, the oldest first."""


async def interests_of(
    facts_of: FactsOf | None, patience: Patience, demand: DemandReader, key: PageKey, shop: Shop
) -> Interests:
    """Return the interests of the shopper whose page this is, with what is suggested to them.

    A page for all of a kind regards nobody's own; nor does any where there is no `facts_of`, or
    where they cannot be read in time.
    """
    known = Interests()
    if facts_of is not None and not is_for_all(key.persona_hash):
        known = await read_interests(facts_of, patience, key)
    return known._replace(suggested=suggest(known, await demand.of(shop), shop))


async def read_interests(facts_of: FactsOf, patience: Patience, key: PageKey) -> Interests:
    """Return what a shopper dealt with; nothing of newcomers, nor where it takes too long."""
    if not is_newcomers(key.persona_hash):
        with suppress(StorageError):
            return interests(await patience.read(partial(facts_of, key.shopper_id)))
    return Interests()


def interests(facts: Iterable[Fact]) -> Interests:
    """Return what facts, the oldest first, say of products.

    What was put into the basket is there until it is bought, the latest first. What was bought is
    not wanted again until it is put into the basket again. The rest was viewed: first what was
    viewed, or looked at for long, most often, counted once a day each; of equals the latest.
    """
    basket: dict[str, None] = {}
    bought: dict[str, None] = {}
    viewed: dict[str, set[tuple[str, int]]] = {}
    for fact in facts:
        for name in fact.products:
            if fact.kind == "purchase":
                basket.pop(name, None)
                bought[name] = None
            elif fact.kind == "add_to_basket":
                bought.pop(name, None)
                basket.pop(name, None)
                basket[name] = None
            elif fact.kind == "view" or fact.seconds >= MIN_DWELL:
                # Removed and inserted again, so that the order is that of the last view.
                viewed[name] = {*viewed.pop(name, ()), (fact.kind, fact.day)}
    rest = [name for name in reversed(viewed) if name not in basket and name not in bought]
    rest.sort(key=lambda name: -len(viewed[name]))
    return Interests(tuple(reversed(basket)), tuple(rest), tuple(reversed(bought)))
