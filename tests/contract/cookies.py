"""Vectors of the signed cookie: whose it is, and every way in which it is nobody's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.web.cookies import SessionSigner

NOW = 1_800_000_000
_SECRET = "a secret of some length"  # noqa: S105 - made for these vectors
_STRANGER = "another secret of some length"
_ID = "shop_0123456789abcdef0123456789abcdef"
_OTHER = "shop_ffffffffffffffffffffffffffffffff"
_LATER = NOW + 1000


class Case(NamedTuple):
    """A request's cookie header (each character a byte), sent to a shop at a time."""

    name: str
    cookie: str
    shop_id: str = "demo"
    now: float = NOW
    secret: str = _SECRET


def value(
    shopper: str = _ID, expires: int = _LATER, shop: str = "demo", secret: str = _SECRET
) -> str:
    """Return a cookie's value, signed."""
    signature = SessionSigner(secret.encode()).sign(shopper, shop, expires)
    return f"{shopper}.{expires}.{signature}"


def _cases() -> Iterator[Case]:
    good = value()
    yield Case("valid", f"shopper_demo={good}")
    yield from _among_others(good)
    yield from _times()
    yield from _foreign(good)
    yield from _spoiled(good)
    yield from _shops_and_secrets()


def _among_others(good: str) -> Iterator[Case]:
    for name, header in {
        "after another": f"a=b; shopper_demo={good}",
        "before another": f"shopper_demo={good}; a=b",
        "without a space": f"a=b;shopper_demo={good};c=d",
        "among spaces that are not ASCII": f"\xa0shopper_demo={good}",
        "before a space that is not ASCII": f"shopper_demo={good}\xa0",
        "among control characters": f"\x0bshopper_demo={good}\x0c",
        "after a control character": f"\x1cshopper_demo={good}",
        "among spaces and tabs": f"a=b; \t shopper_demo={good} \t; c",
        "first of two counts": f"shopper_demo={good}; shopper_demo=x",
        "the valid one of two counts": f"shopper_demo=x; shopper_demo={good}",
        "named for the host": f"__Host-shopper_demo={good}",
        "named for the host, after another": f"shopper_demo={value(_OTHER)}; __Host-shopper_demo={good}",
        "named for the host, before another": f"__Host-shopper_demo={good}; shopper_demo={value(_OTHER)}",
        "named for the host, but spoiled": f"__Host-shopper_demo=x; shopper_demo={good}",
        "named for the host in another case": f"__host-shopper_demo={good}",
        "named as if secure": f"__Secure-shopper_demo={good}",
        "name in another case": f"Shopper_Demo={good}",
        "name with a prefix": f"xshopper_demo={good}",
        "name with a suffix": f"shopper_demo2={good}",
        "in another's value": f"a=shopper_demo={good}",
        "space before =": f"shopper_demo ={good}",
        "space after =": f"shopper_demo= {good}",
        "in quotes": f'shopper_demo="{good}"',
        "in the second of two header lines": f"a=b, shopper_demo={good}",
        "named for the host in the value of a neighbour's": f"a=b, __Host-shopper_demo={good}",
        "no cookie": "",
        "only a name": "shopper_demo",
        "an empty value": "shopper_demo=",
        "eighth of its name": f"{'shopper_demo=x; ' * 7}shopper_demo={good}",
        "ninth of its name": f"{'shopper_demo=x; ' * 8}shopper_demo={good}",
        "a header of 32768 bytes": f"shopper_demo={good}; x=".ljust(32_768, "y"),
        "a header of 32769 bytes": f"shopper_demo={good}; x=".ljust(32_769, "y"),
    }.items():
        yield Case(name, header)


def _times() -> Iterator[Case]:
    for expires in (NOW - 1, NOW, NOW + 1, 1, 0, 999_999_999_999, 1_000_000_000_000):
        yield Case(f"expires at {expires}", f"shopper_demo={value(expires=expires)}")
    yield Case("a moment before its end", f"shopper_demo={value()}", now=_LATER - 0.001)
    yield Case("at its end", f"shopper_demo={value()}", now=_LATER)
    yield Case("long ago", f"shopper_demo={value()}", now=0)


def _foreign(good: str) -> Iterator[Case]:
    signature = good.rpartition(".")[2]
    stale = value(expires=NOW - 1)
    yield Case("one that is over before a valid one", f"shopper_demo={stale}; shopper_demo={good}")
    yield Case("another shop's value", f"shopper_demo={value(shop='forge')}")
    yield Case("another shop's name", f"shopper_forge={good}")
    yield Case("asked by another shop", f"shopper_forge={good}", shop_id="forge")
    yield Case("a stranger's secret", f"shopper_demo={value(secret=_STRANGER)}")
    yield Case("another shopper's signature", f"shopper_demo={_OTHER}.{_LATER}.{signature}")
    yield Case("another expiry", f"shopper_demo={_ID}.{_LATER + 1}.{signature}")
    yield Case("parts glued otherwise", f"shopper_demo={value(shopper=_OTHER, shop='demo|x')}")


def _spoiled(good: str) -> Iterator[Case]:
    shopper, expires, signature = good.split(".")
    for name, spoiled in {
        "upper case id": f"{shopper.upper()}.{expires}.{signature}",
        "a short id": f"{shopper[:-1]}.{expires}.{signature}",
        "a long id": f"{shopper}0.{expires}.{signature}",
        "no prefix": f"{shopper[5:]}.{expires}.{signature}",
        "a letter past f": f"{shopper[:-1]}g.{expires}.{signature}",
        "zeros before the expiry": f"{shopper}.0{expires}.{signature}",
        "a plus before the expiry": f"{shopper}.+{expires}.{signature}",
        "a fraction of a second": f"{shopper}.{expires}.0.{signature}",
        "an exponent": f"{shopper}.1e9.{signature}",
        "NaN": f"{shopper}.NaN.{signature}",
        "Infinity": f"{shopper}.Infinity.{signature}",
        "no expiry": f"{shopper}..{signature}",
        "thirteen digits": f"{shopper}.1000000000000.{signature}",
        "superscript digits": f"{shopper}.\xb2\xb3.{signature}",
        "padding": f"{good}=",
        "a longer signature": f"{good}A",
        "a shorter signature": good[:-1],
        "no signature": f"{shopper}.{expires}.",
        "two parts": f"{shopper}.{expires}",
        "four parts": f"{good}.x",
        "plain base64": good.replace("-", "+").replace("_", "/"),
        "all of it upper case": good.upper(),
        "a zero byte": good[:-1] + "\x00",
        "a newline at the end": good + "\n",
        "a newline inside": good[:40] + "\n" + good[40:],
        "percent encoding": good.replace(".", "%2E"),
        "bytes above ASCII": "\xff\xfe\xe9",
        "UTF-8 bytes": "\xc3\xa9\xe2\x82\xac",
        "129 characters": good.ljust(129, "A"),
        "very long": good + "A" * 5000,
        "only dots": "..",
        "JSON": '{"alg":"none"}',
    }.items():
        yield Case(name, f"shopper_demo={spoiled}")
    for at in range(0, len(signature), 6):
        changed = signature[:at] + ("A" if signature[at] != "A" else "B") + signature[at + 1 :]
        yield Case(f"letter {at} of the signature", f"shopper_demo={shopper}.{expires}.{changed}")


def _shops_and_secrets() -> Iterator[Case]:
    for shop in ("a", "forge-2", "a_b", "x" * 60):
        cookie = f"shopper_{shop}={value(shop=shop)}"
        yield Case(f"shop {shop[:8]}", cookie, shop_id=shop)
    for secret in ("0123456789abcdef", "caf\u00e9 \u5bb6\u5177 \U0001f98a secret", "x" * 200):
        cookie = f"shopper_demo={value(secret=secret)}"
        yield Case(f"the secret {secret[:4]}", cookie, secret=secret)


def vectors() -> list[Mapping[str, Any]]:
    """Return cookie headers with the shopper and the expiry they name, null where nobody."""
    return [{**case._asdict(), **_expected(case)} for case in _cases()]


def verified(cookie: str, shop_id: str, now: float, secret: str) -> tuple[str, int] | None:
    """Return whom a request's cookie header names."""
    headers = [(b"cookie", cookie.encode("latin-1"))]
    return SessionSigner(secret.encode()).known(headers, shop_id, now)


def _expected(case: Case) -> dict[str, Any]:
    known = verified(case.cookie, case.shop_id, case.now, case.secret)
    return {"shopper_id": known[0] if known else None, "expires": known[1] if known else None}
