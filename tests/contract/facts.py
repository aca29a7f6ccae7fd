"""Vectors of what a browser tells: the fact as it is stored, by what the catalog says, or none."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from app.domain.basket import Basket, BasketLine, origins
from app.domain.catalog import Money, Product, Shop
from app.domain.facts import KINDS, ReportedEvent
from app.domain.page import Refusal
from app.personas.facts import prices_of, to_fact
from app.prerender.manifest import goods_file
from tests.contract.baskets import rows
from tests.contract.hostile import NAMES
from tests.support.factories import product, shop

_SEED = 20_261_125
_DAY = 20_000
_SORTS = ("", "featured", "price-asc", "price-desc", "name")


class Case(NamedTuple):
    """What is told to a shop on a day."""

    name: str
    shop: Shop
    told: ReportedEvent
    day: int = _DAY
    basket: Basket = ()


def thing(name: str, price: str, category: str = "Lamps", before: str = "") -> Product:
    """Return a product that costs so much, and did cost `before`."""
    compare_at = Money(Decimal(before), "EUR") if before else None
    return product(name, price, category, compare_at=compare_at)


def abroad(item: Product) -> Product:
    """Return a product priced in another currency."""
    return item._replace(price=Money(item.price.amount, "USD"))


NINE = shop(
    *(thing(f"p{at}", f"{at}.00", "Lamps" if at % 2 else "Cups") for at in range(1, 10)),
    thing("cut", "5.00", before="7.00"),
    thing("dearer", "5.00"),
    abroad(thing("foreign", "1.00", "Maps")),
)


def cases() -> Iterator[Case]:
    """Yield every case."""
    yield from _products()
    yield from _orders()
    yield from _origins()
    yield from _filters()
    yield from _prices()
    yield from _hostile()
    yield from _random()


def _products() -> Iterator[Case]:
    for kind in ("view", "dwell", "add_to_basket", "purchase"):
        for name in NINE.products:
            yield Case(
                f"{kind} of {name}", NINE, ReportedEvent(kind, ((name, 1),), seconds=_seconds(kind))
            )
        yield Case(f"{kind} of what is not sold", NINE, ReportedEvent(kind, (("gone", 1),)))
        yield Case(f"{kind} of nothing", NINE, ReportedEvent(kind))
    for day in (0, 1, 19_999, 40_000):
        yield Case(f"a view on day {day}", NINE, ReportedEvent("view", (("p1", 1),)), day)
    for seconds in (1, 45, 600):
        yield Case(
            f"a dwell of {seconds} s", NINE, ReportedEvent("dwell", (("p1", 1),), seconds=seconds)
        )


def _orders() -> Iterator[Case]:
    baskets: dict[str, tuple[tuple[str, int], ...]] = {
        "two of one": (("p1", 2),),
        "99 of one": (("p9", 99),),
        "one twice": (("p1", 1), ("p1", 2)),
        "some gone": (("p1", 1), ("gone", 99), ("p9", 3)),
        "all gone": (("gone", 1), ("away", 1)),
        "one from abroad": (("p2", 1), ("foreign", 50)),
        "only from abroad": (("foreign", 2),),
        "everything": tuple((name, 3) for name in NINE.products),
        "another order": tuple((name, 1) for name in reversed(list(NINE.products))),
    }
    for name, items in baskets.items():
        for kind in ("purchase", "add_to_basket"):
            yield Case(f"{kind}: {name}", NINE, ReportedEvent(kind, items))
    for order in ("1042", "Nr. 7 ", "\U0001f98a" * 200):
        for kind in KINDS:
            event = ReportedEvent(kind, (("p1", 2), ("gone", 1)), "Lamps", order=order)
            yield Case(f"{kind} named {order[:7]}", NINE, event)


def _origins() -> Iterator[Case]:
    """Yield orders of baskets whose lines say where they were shown, or do not."""
    cost = Money(Decimal(1), "EUR")

    def line(product: str, slot: str = "hero", page: str = "VGhlIHBhZ2Ugb2YgYQ") -> BasketLine:
        return BasketLine(product, product, 1, cost, slot, page)

    order = (("p1", 2), ("gone", 1), ("p9", 1))
    baskets = {
        "all shown": (line("p1"), line("p9", "grid")),
        "one shown": (line("p9"), line("p2")),
        "none shown": (line("p1", "", ""), line("p9", "", "")),
        "a product in two forms": (line("p1"), line("p1", "grid"), line("p1", "", "")),
        "the first form of two not shown": (line("p1", "", ""), line("p1", "grid")),
        "as long as may be": (line("p1", "hero", "x" * 95), line("p9", "hero", "🦊" * 95)),
        "too long": (line("p1", "hero", "x" * 96), line("p9")),
    }
    for name, basket in baskets.items():
        for kind in KINDS:
            yield Case(f"{kind}: {name}", NINE, ReportedEvent(kind, order), basket=basket)


def _filters() -> Iterator[Case]:
    for category in ("", "Lamps", "Cups", "Maps", "lamps", "Lamps ", "Cars", "p1"):
        for sort in _SORTS:
            told = ReportedEvent("filter", category=category, sort=sort)
            yield Case(f"filter {category!r} by {sort!r}", NINE, told)
    yield Case("filter with items", NINE, ReportedEvent("filter", (("p1", 1),)))


def _prices() -> Iterator[Case]:
    amounts = ("0.00", "0.01", "0.99", "19.99", "0.10", "0.20", "1000000000.00", "99999999.99")
    odd = shop(*(thing(f"a{at}", amount) for at, amount in enumerate(amounts)))
    for name in odd.products:
        for many in (1, 3, 7, 99):
            yield Case(f"{many} of {name}", odd, ReportedEvent("purchase", ((name, many),)))
    all_of_it = tuple((name, 99) for name in odd.products)
    yield Case("99 of each", odd, ReportedEvent("purchase", all_of_it))
    shops = {
        "one product": shop(thing("only", "5.00")),
        "two products": shop(thing("a", "1.00"), thing("b", "2.00")),
        "three products": shop(*(thing(name, f"{at}.00") for at, name in enumerate("abc", 1))),
        "one price": shop(*(thing(name, "3.00") for name in "abcdef")),
        "two prices": shop(*(thing(name, "3.00" if name < "d" else "4.00") for name in "abcdef")),
        "abroad first": shop(abroad(thing("a", "1.00")), *(thing(n, f"{n}.00") for n in "2345")),
    }
    for name, sold in shops.items():
        for item in sold.products:
            yield Case(f"{name}: {item}", sold, ReportedEvent("purchase", ((item, 1),)))


def _hostile() -> Iterator[Case]:
    names = [name for name in dict.fromkeys(NAMES) if name and _is_text(name)]
    for at, name in enumerate(names):
        odd = shop(thing(name, "1.00", name), thing("p", "2.00"))
        yield Case(f"product {at}", odd, ReportedEvent("purchase", ((name, 2),)))
        yield Case(f"category {at}", odd, ReportedEvent("filter", category=name))
        yield Case(f"product {at} elsewhere", NINE, ReportedEvent("view", ((name, 1),)))
        yield Case(f"category {at} elsewhere", NINE, ReportedEvent("filter", category=name))


def _random() -> Iterator[Case]:
    chance = random.Random(_SEED)  # noqa: S311 - the same ones every time
    names = [*NINE.products, "gone"]
    for at in range(60):
        kind = chance.choice(KINDS)
        items = tuple((chance.choice(names), chance.randint(1, 99)) for _ in range(at % 20 + 1))
        told = ReportedEvent(kind, items[:1] if kind in ("view", "dwell") else items)
        if kind == "filter":
            told = ReportedEvent(
                kind, category=chance.choice(NINE.categories()), sort=chance.choice(_SORTS)
            )
        yield Case(f"random {at}", NINE, told._replace(seconds=_seconds(kind)))


def _seconds(kind: str) -> int:
    return 30 if kind == "dwell" else 0


def _is_text(name: str) -> bool:
    """Say whether a catalog can hold this name: half of a surrogate pair is no text."""
    return name == name.encode("utf-8", "replace").decode()


def stored(case: Case) -> dict[str, str]:
    """Return the fact as the database keeps it, or the code with which it is refused."""
    prices, shown = prices_of(case.shop), origins(case.basket)
    found = to_fact(case.told, case.shop, prices, case.day, origins=shown)
    return {"refused": found.code} if isinstance(found, Refusal) else {"stored": found.as_json()}


def vectors() -> list[Mapping[str, Any]]:
    """Return each case with what comes of it; a shop is there as the Worker knows it."""
    return [
        {
            "name": case.name,
            "categories": list(case.shop.categories()),
            "goods": json.dumps(goods_file(case.shop), separators=(",", ":")),
            "event": case.told._asdict(),
            "day": case.day,
            **({"basket": rows(case.basket)} if case.basket else {}),
            **stored(case),
        }
        for case in cases()
    ]
