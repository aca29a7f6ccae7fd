"""The signed cookie: a bad one is a new shopper, never an error and never somebody else."""

from __future__ import annotations

import re
from decimal import Decimal

from app.domain.basket import BasketLine
from app.domain.catalog import ESSENTIAL, Money
from app.web.basket_cookie import BasketSigner
from app.web.cookies import LIFETIME, SessionSigner, cookie_values
from tests.support.cases import each
from tools.support import http
from tools.support.server import Server

NOW = 1_800_000_000.0
IDENTITIES = SessionSigner(b"a secret of some length")


def cookie_of(shop_id: str = "demo", now: float = NOW) -> str:
    made = IDENTITIES.session([], shop_id, now, secure=False).set_cookie
    assert made is not None
    return made.decode().split(";")[0]


def visit(cookie: str, shop_id: str = "demo", now: float = NOW) -> tuple[str, bool]:
    visitor = IDENTITIES.session(
        [(b"cookie", cookie.encode("latin-1"))], shop_id, now, secure=False
    )
    return visitor.shopper_id, visitor.first


def test_a_new_shopper_gets_an_id_and_a_cookie_no_script_can_read() -> None:
    visitor = IDENTITIES.session([], "demo", NOW, secure=True)
    assert re.fullmatch(r"shop_[0-9a-f]{32}", visitor.shopper_id)
    assert visitor.set_cookie is not None
    for attribute in (b"HttpOnly", b"SameSite=Lax", b"Path=/", b"Secure", b"Max-Age="):
        assert attribute in visitor.set_cookie


def test_over_https_the_cookie_is_named_for_the_host_and_earlier_ones_count_until_renewed() -> None:
    secure = IDENTITIES.session([], "demo", NOW, secure=True).set_cookie
    assert secure is not None
    assert secure.startswith(b"__Host-shopper_demo=")
    assert b"Domain" not in secure
    plain = [(b"cookie", cookie_of().encode())]
    soon = IDENTITIES.session(plain, "demo", NOW, secure=True)
    assert soon.set_cookie is None
    late = IDENTITIES.session(plain, "demo", NOW + LIFETIME - 9, secure=True)
    assert late.shopper_id == soon.shopper_id
    assert late.set_cookie is not None
    assert late.set_cookie.startswith(b"__Host-shopper_demo=")


def test_the_cookie_brings_the_same_shopper_back() -> None:
    cookie = cookie_of()
    assert visit(cookie) == visit(f"a=b; {cookie}; c=d")
    assert visit(cookie)[1] is False
    assert visit(cookie)[0] in cookie


@each(
    "spoil",
    [
        lambda cookie: cookie[:-1] + ("A" if cookie[-1] != "A" else "B"),
        lambda cookie: re.sub(r"shop_.", "shop_f" if "shop_e" in cookie else "shop_e", cookie),
        lambda cookie: re.sub(r"\.(\d+)\.", lambda found: f".{int(found[1]) + 1}.", cookie),
        lambda cookie: cookie.split(".")[0],
        lambda cookie: cookie + "x",
        lambda cookie: "shopper_demo=",
        lambda cookie: "shopper_demo=\xff\x00",
        lambda cookie: cookie.upper(),
        lambda cookie: "x" * 9000,
    ],
)  # fmt: skip
def test_a_forged_cookie_is_a_new_shopper(spoil: object) -> None:
    cookie = cookie_of()
    shopper_id, first = visit(spoil(cookie))  # type: ignore[operator]
    assert first
    assert shopper_id not in cookie


def test_another_shops_cookie_is_a_new_shopper() -> None:
    cookie = cookie_of("other").replace("shopper_other", "shopper_demo")
    assert visit(cookie)[1] is True


def test_a_cookie_of_an_earlier_secret_is_the_same_shopper_and_is_replaced() -> None:
    today = SessionSigner(b"the secret of today", (b"yet another secret", IDENTITIES.secret))
    cookie = cookie_of()
    visitor = today.session([(b"cookie", cookie.encode())], "demo", NOW + 9000, secure=False)
    assert (visitor.shopper_id, visitor.first) == visit(cookie)
    assert not visitor.new, "a new signature makes nobody new"
    assert visitor.set_cookie is not None
    replaced = [(b"cookie", visitor.set_cookie.partition(b";")[0])]
    assert SessionSigner(today.secret).session(replaced, "demo", NOW, secure=False) == (
        visitor._replace(set_cookie=None, new=True)
    )
    assert today.session(replaced, "demo", NOW + 9000, secure=False).set_cookie is None


def test_a_basket_of_an_earlier_secret_is_the_same_basket() -> None:
    line = BasketLine("mug", "", 2, Money(Decimal("9.50"), "EUR"), "", "")
    signed = BasketSigner(b"a secret of some length").value((line,), "demo")
    headers = [(b"cookie", f"basket_demo={signed}".encode())]
    today = BasketSigner(b"the secret of today", (b"a secret of some length",))
    assert today.read(headers, "demo") == (line,)
    assert BasketSigner(b"the secret of today").read(headers, "demo") == ()


def test_over_https_the_basket_is_named_for_the_host_and_the_earlier_one_does_not_come_back() -> (
    None
):
    line = BasketLine("mug", "", 2, Money(Decimal("9.50"), "EUR"), "", "")
    signer = BasketSigner(b"a secret of some length")
    for basket in ((line,), ()):
        cookie, earlier = signer.cookies(basket, "demo", secure=True)
        assert cookie.startswith(b"__Host-basket_demo=")
        assert cookie.endswith(b"; Secure")
        assert earlier.startswith(b"basket_demo=; Max-Age=0;")
        (plain,) = signer.cookies(basket, "demo", secure=False)
        assert plain.startswith(b"basket_demo=")


def test_only_over_https_a_browser_is_told_to_stay_there(house_server: Server) -> None:
    for scheme, told in (("http", None), ("https", "max-age=31536000")):
        proxy = {"X-Forwarded-Proto": scheme, "X-Forwarded-For": "192.0.2.1"}
        answered = http.get(f"{house_server.url}/store", headers=proxy)
        assert answered.headers.get("strict-transport-security") == told


def test_another_secret_makes_new_shoppers() -> None:
    stranger = SessionSigner(b"a different secret").session(
        [(b"cookie", cookie_of().encode())], "demo", NOW, secure=False
    )
    assert stranger.first


def test_an_expired_cookie_is_a_new_shopper() -> None:
    assert visit(cookie_of(), now=NOW + LIFETIME - 1)[1] is False
    assert visit(cookie_of(), now=NOW + LIFETIME + 1)[1] is True


def test_an_old_cookie_is_renewed_for_the_same_shopper() -> None:
    cookie = cookie_of()
    later = NOW + LIFETIME * 0.6
    visitor = IDENTITIES.session([(b"cookie", cookie.encode())], "demo", later, secure=False)
    assert visitor.shopper_id in cookie
    assert visitor.set_cookie is not None
    assert not visitor.first


def test_only_the_whole_name_of_a_cookie_counts() -> None:
    cookies = [(b"cookie", b"xshopper_demo=1; shopper_demo=2")]
    assert list(cookie_values(cookies, "shopper_demo")) == ["2"]


def test_who_may_not_be_followed_is_forgotten_by_the_browser_when_it_is_closed() -> None:
    first = IDENTITIES.session([], "demo", NOW, secure=True, consent=ESSENTIAL)
    assert first.set_cookie is not None
    assert b"Max-Age" not in first.set_cookie
    assert b"Expires" not in first.set_cookie
    assert first.set_cookie.endswith(b"; Path=/; HttpOnly; SameSite=Lax; Secure")
    known = [(b"cookie", first.set_cookie.partition(b";")[0])]
    assert IDENTITIES.session(known, "demo", NOW, secure=True, consent=ESSENTIAL).set_cookie is None
    later = NOW + LIFETIME * 0.6
    renewed = IDENTITIES.session(known, "demo", later, secure=True, consent=ESSENTIAL)
    assert renewed.set_cookie is not None
    assert b"Max-Age" not in renewed.set_cookie
