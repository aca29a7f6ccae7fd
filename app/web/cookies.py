"""The shopper's id in a signed cookie of its shop, which the Worker verifies in the same way.

The value is `{shopper_id}.{expires}.{signature}`: `shop_` and 32 hex digits, seconds since the
epoch, and HMAC-SHA256 in base64url, without padding, over `{shop_id}|{shopper_id}|{expires}`.
"""

import base64
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from app.domain.catalog import PERSONALISE

LIFETIME = 180 * 24 * 3600
"""Seconds a cookie is good for; it is set anew when half of that is over."""

NEW = 3600
"""Seconds for which a shopper counts as new: they are cheap to invent."""

SHOPPER_ID = "shop_[0-9a-f]{32}"
VALUE = re.compile(rf"^({SHOPPER_ID})\.([1-9][0-9]{{0,11}})\.([A-Za-z0-9_-]{{43}})$")
ATTRIBUTES = f"Path=/; Max-Age={LIFETIME}; HttpOnly; SameSite=Lax"
UNTRACKED_ATTRIBUTES = "Path=/; HttpOnly; SameSite=Lax"
"""Of who may not be followed: their browser forgets the cookie when it is closed."""

ENDED = f"; Max-Age=0; {UNTRACKED_ATTRIBUTES}"
"""No value, and the attributes of a cookie that its browser is to drop."""

OF_HOST = "__Host-"
"""How names of cookies begin that browsers take over https only, from the host itself."""

MAX_HEADER_BYTES = 32_768
MAX_CANDIDATES = 8
"""Cookies of one name that are looked at: a stale one may stand before the valid one."""

_SEPARATOR = re.compile(rb";|, (?=(?!__Host-)[\w-]+=)")
"""Parts cookies; proxies make one header of several lines with commas between them. What is named
for the host follows no comma: that may be in the value of a cookie that a neighbour has set."""

_MOST_REMEMBERED, _LONGEST_REMEMBERED = 2048, 1024
"""Requests, and bytes of the cookies of each."""


class Session(NamedTuple):
    """A shopper's id and, where one must be set, the cookie that says so.

    `first` says that they were never here, `new` that they first came less than an hour ago,
    `consent` what may be kept of them.
    """

    shopper_id: str
    first: bool = False
    set_cookie: bytes | None = None
    new: bool = False
    consent: str = PERSONALISE

    @property
    def may_be_known(self) -> bool:
        """Whether they were here before, and what they do may be written down."""
        return not self.first and self.consent == PERSONALISE


class SessionSigner(NamedTuple):
    """Makes cookies with one secret; those of earlier ones are verified too, and then replaced."""

    secret: bytes
    earlier: tuple[bytes, ...] = ()

    def session(
        self,
        headers: Sequence[tuple[bytes, bytes]],
        shop_id: str,
        now: float,
        *,
        secure: bool,
        consent: str = PERSONALISE,
    ) -> Session:
        """Return who the request's cookie says it is; a bad or missing one makes a new shopper."""
        known, is_current = self._verified(headers, shop_id, now)
        shopper_id, expires = known or (f"shop_{secrets.token_hex(16)}", 0)
        is_fresh = expires - now > LIFETIME / 2
        new = known is None or expires - now > LIFETIME - NEW
        if is_fresh and is_current:
            return Session(shopper_id, new=new, consent=consent)
        expires = expires if is_fresh else int(now) + LIFETIME
        lasting = consent == PERSONALISE
        cookie = self.cookie(shopper_id, shop_id, expires, secure=secure, lasting=lasting)
        return Session(shopper_id, known is None, cookie, new, consent)

    def known(
        self, headers: Sequence[tuple[bytes, bytes]], shop_id: str, now: float
    ) -> tuple[str, int] | None:
        """Return shopper id and expiry of the first cookie that is ours and not over, else None."""
        return self._verified(headers, shop_id, now)[0]

    def _verified(
        self, headers: Sequence[tuple[bytes, bytes]], shop_id: str, now: float
    ) -> tuple[tuple[str, int] | None, bool]:
        """Return what `known` does, and whether it is signed with the secret of today."""
        sent = tuple(value for name, value in headers if name == b"cookie")
        read = _remembered if sum(map(len, sent)) <= _LONGEST_REMEMBERED else _signed
        for shopper_id, expires, is_current in read(self, sent, shop_id):
            if expires > now:
                return (shopper_id, expires), is_current
        return None, False

    def sign(self, shopper_id: str, shop_id: str, expires: int) -> str:
        """Return the signature of a cookie's value."""
        return signature(self.secret, f"{shop_id}|{shopper_id}|{expires}")

    def cookie(
        self, shopper_id: str, shop_id: str, expires: int, *, secure: bool, lasting: bool = True
    ) -> bytes:
        """Return a Set-Cookie header's value; one that does not last ends with the browser."""
        value = f"{shopper_id}.{expires}.{self.sign(shopper_id, shop_id, expires)}"
        attributes = ATTRIBUTES if lasting else UNTRACKED_ATTRIBUTES
        return set_cookie(cookie_names(shop_id), f"{value}; {attributes}", secure=secure)


def _signed(
    signer: SessionSigner, sent: tuple[bytes, ...], shop_id: str
) -> Sequence[tuple[str, int, bool]]:
    """Return whom the cookies of a request are signed for, until when, and whether as of today."""
    found = []
    headers = [(b"cookie", value) for value in sent]
    for name in cookie_names(shop_id):
        for value in cookie_values(headers, name):
            match = VALUE.fullmatch(value)
            if match is None:
                continue
            shopper_id, expires, given = match.groups()
            for secret in (signer.secret, *signer.earlier):
                ours = signature(secret, f"{shop_id}|{shopper_id}|{expires}")
                if hmac.compare_digest(given, ours):
                    found.append((shopper_id, int(expires), secret == signer.secret))
    return found


_remembered = lru_cache(_MOST_REMEMBERED)(_signed)
"""Shoppers come back, and send the same."""


def signature(secret: bytes, text: str) -> str:
    """Return HMAC-SHA256 over a text, in base64url without padding."""
    digest = hmac.digest(secret, text.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@lru_cache(_MOST_REMEMBERED)
def cookie_names(shop_id: str, kind: str = "shopper") -> tuple[str, str]:
    """Return the names of a shop's cookie, over https and else: each shop has shoppers of its own.

    What is named for the host no neighbour at another of its domain's names can set, and it goes
    before what is not.
    """
    plain = f"{kind}_{shop_id}"
    return f"{OF_HOST}{plain}", plain


def set_cookie(names: tuple[str, str], value: str, *, secure: bool) -> bytes:
    """Return a Set-Cookie header's value, of a cookie's value with its attributes."""
    of_host, plain = names
    return (f"{of_host}={value}; Secure" if secure else f"{plain}={value}").encode()


def cookie_values(headers: Iterable[tuple[bytes, bytes]], name: str) -> list[str]:
    """Return the values of a request's cookies of this name, as many as are looked at."""
    wanted = f"{name}=".encode()
    named = [
        part
        for header, value in headers
        if header == b"cookie" and wanted in value and len(value) <= MAX_HEADER_BYTES
        for sent in _SEPARATOR.split(value)
        if (part := sent.strip()).startswith(wanted)
    ]
    return [part[len(wanted) :].decode("latin-1") for part in named[:MAX_CANDIDATES]]
