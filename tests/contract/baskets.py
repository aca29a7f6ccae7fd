"""Vectors of the basket's cookie: what is in it, and every way in which nothing is."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from app.domain.basket import MAX_LINES, Basket, BasketLine
from app.domain.catalog import Money
from app.web.basket_cookie import MAX_VALUE_LENGTH, BasketSigner
from app.web.cookies import SessionSigner

_SECRET = "a secret of some length"  # noqa: S105 - made for these vectors
_STRANGER = "another secret of some length"


class Case(NamedTuple):
    """A request's cookie header (each character a byte), sent to a shop."""

    name: str
    cookie: str
    shop_id: str = "demo"
    secret: str = _SECRET


def line(product: str, variant: str = "", quantity: int = 1, price: str = "9.50") -> BasketLine:
    cost = Money(Decimal(price), "EUR")
    return BasketLine(product, variant or product, quantity, cost, "hero", "VGhlIHBhZ2Ugb2YgYQ_-0x")


def value(*lines: BasketLine, shop: str = "demo", secret: str = _SECRET) -> str:
    """Return a cookie's value, signed."""
    return BasketSigner(secret.encode()).value(lines, shop)


def sign(payload: str) -> str:
    """Return the signature of a payload of the demo shop's."""
    signed = hmac.digest(_SECRET.encode(), f"basket|demo|{payload}".encode(), "sha256")
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def _cases() -> Iterator[Case]:
    good = value(line("oak-board", "large", 2, "76.00"), line("letter-set"))
    payload, signature = good.split(".")
    yield Case("two lines", f"basket_demo={good}")
    yield Case("nothing", "")
    yield Case("an empty list", f"basket_demo={value()}")
    yield Case("among others", f"a=b; basket_demo={good}; shopper_demo=x")
    yield Case("the valid one of two counts", f"basket_demo=x.y; basket_demo={good}")
    named = value(line("letter-set"))
    yield Case("named for the host", f"__Host-basket_demo={good}")
    yield Case("named for the host goes first", f"basket_demo={named}; __Host-basket_demo={good}")
    yield Case("named for the host by a stranger", f"__Host-basket_demo=x.y; basket_demo={good}")
    yield Case("ninth of its name", f"{'basket_demo=x; ' * 8}basket_demo={good}")
    yield Case("in the second of two header lines", f"a=b; c, basket_demo={good}; d=e")
    full = value(*(line(f"thing-{at}", f"{at}", 20) for at in range(MAX_LINES)))
    yield Case("as many as there may be", f"basket_demo={full}")
    others = [line("tasse-\u00e9t\u00e9", "\u5927\u304d\u3044", 3), line("x", price="1000000000")]
    yield Case("ids of any script", f"basket_demo={value(*others)}")
    yield Case("free", f"basket_demo={value(line('gift', price='0.00'))}")
    yield Case("of a thousandth", f"basket_demo={value(line('dinars', price='12.125'))}")
    longest = next(
        made
        for size in range(MAX_VALUE_LENGTH, 0, -1)
        if len(made := value(line("x" * size))) <= MAX_VALUE_LENGTH
    )
    yield Case(f"{len(longest)} characters", f"basket_demo={longest}")
    yield Case("too long", f"basket_demo={value(line('x' * MAX_VALUE_LENGTH))}")
    yield Case("another shop's", f"basket_demo={value(line('a'), shop='forge')}")
    yield Case("asked by another shop", f"basket_forge={good}", shop_id="forge")
    yield Case("a stranger's secret", f"basket_demo={value(line('a'), secret=_STRANGER)}")
    yield Case("another payload", f"basket_demo={payload[:-2]}AA.{signature}")
    yield Case("another signature", f"basket_demo={payload}.{'A' * 43}")
    yield Case("padding", f"basket_demo={payload}=.{signature}")
    yield Case("no signature", f"basket_demo={payload}")
    before = line("oak-board")._replace(page="v2_newcomer_0_0123456789ab")
    yield Case("a kind of page, as earlier versions had it", f"basket_demo={value(before)}")
    older = base64.urlsafe_b64encode(b'[["oak-board","large",2,7600,"EUR"]]').decode().rstrip("=")
    yield Case("lines of another form", f"basket_demo={older}.{sign(older)}")
    session = SessionSigner(_SECRET.encode()).sign("W10", "basket|demo", 1)
    yield Case("a signature made for a shopper", f"basket_demo=W10.{session}")


def vectors() -> list[Mapping[str, Any]]:
    """Return cookie headers with the lines that are read from them."""
    return [
        {**case._asdict(), "lines": read(case.cookie, case.shop_id, case.secret)}
        for case in _cases()
    ]


def read(cookie: str, shop_id: str, secret: str) -> list[list[object]]:
    """Return the lines of a request's cookie header, as they are written."""
    headers = [(b"cookie", cookie.encode("latin-1"))]
    return rows(BasketSigner(secret.encode()).read(headers, shop_id))


def _plain(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").removesuffix(".") if number % 1 else str(int(number))


def rows(basket: Basket) -> list[list[object]]:
    """Return the lines of a basket as its cookie has them."""
    return [
        [*item[:3], json.loads(_plain(item.price.amount * 100)), *item.price[1:], *item[4:]]
        for item in basket
    ]
