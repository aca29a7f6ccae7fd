"""The basket in a signed cookie of its shop, which the Worker reads in the same way.

The value is `{payload}.{signature}`: the lines as a JSON list of [product, variant, quantity,
hundredths, currency, slot, page] in base64url, and HMAC-SHA256 over
`basket|{shop_id}|{payload}`. It says nothing of who the shopper is.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from decimal import Decimal
from hmac import compare_digest
from itertools import chain
from typing import NamedTuple

from app.domain.basket import Basket, BasketLine
from app.domain.catalog import Money
from app.web.cookies import (
    ENDED,
    UNTRACKED_ATTRIBUTES,
    cookie_names,
    cookie_values,
    set_cookie,
    signature,
)

MAX_VALUE_LENGTH = 3_000
VALUE = re.compile(r"^([A-Za-z0-9_-]{2,2956})\.([A-Za-z0-9_-]{43})$")
LIFETIME = 30 * 24 * 3600
BASKET = "basket"
"""What the cookie's name begins with."""

_FIELDS = 7


class BasketSigner(NamedTuple):
    """Makes the cookies of baskets with one secret; those of earlier ones are read as well."""

    secret: bytes
    earlier: tuple[bytes, ...] = ()

    def read(self, headers: Iterable[tuple[bytes, bytes]], shop_id: str) -> Basket:
        """Return the basket of the first cookie that is ours; an empty one where there is none."""
        sent = tuple(headers)
        values = (cookie_values(sent, it) for it in cookie_names(shop_id, BASKET))
        for value in chain.from_iterable(values):
            match = VALUE.fullmatch(value)
            if match and any(
                compare_digest(match[2], signature(secret, f"basket|{shop_id}|{match[1]}"))
                for secret in (self.secret, *self.earlier)
            ):
                return _lines(match[1])
        return ()

    def cookies(
        self, basket: Basket, shop_id: str, *, secure: bool, lasting: bool = True
    ) -> list[bytes]:
        """Return values of Set-Cookie headers; none where the basket is too large for a cookie.

        Unless it is lasting it ends with the browser's session. Over https one ends what an earlier
        version has set, which must not come back.
        """
        value = self.value(basket, shop_id) if basket else ""
        if len(value) > MAX_VALUE_LENGTH:  # to buy it, nobody needs to know where it was shown
            value = self.value([line._replace(slot="", page="") for line in basket], shop_id)
        if len(value) > MAX_VALUE_LENGTH:
            return []
        names = cookie_names(shop_id, BASKET)
        age = f"Max-Age={LIFETIME if basket else 0}; " if lasting or not basket else ""
        cookie = set_cookie(names, f"{value}; {age}{UNTRACKED_ATTRIBUTES}", secure=secure)
        return [cookie, *([set_cookie(names, ENDED, secure=False)] if secure else [])]

    def value(self, basket: Iterable[BasketLine], shop_id: str) -> str:
        """Return the value of a basket's cookie."""
        rows = [
            (*line[:3], _number(line.price.amount * 100), *line.price[1:], line.slot, line.page)
            for line in basket
        ]
        text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
        payload = urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return f"{payload}.{signature(self.secret, f'basket|{shop_id}|{payload}')}"


def _number(hundredths: Decimal) -> float:
    """Return the number that JSON has for it: whole, but for what ends in a tenth of a cent."""
    return int(hundredths) if hundredths % 1 == 0 else float(hundredths)


def _lines(payload: str) -> Basket:
    """Return the lines that we signed; none of a form that another version wrote."""
    text = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    rows = json.loads(text, parse_float=Decimal)
    if any(len(row) != _FIELDS for row in rows):
        return ()
    return tuple(
        BasketLine(product, variant, quantity, Money(Decimal(cents) / 100, currency), slot, page)
        for product, variant, quantity, cents, currency, slot, page in rows
    )
