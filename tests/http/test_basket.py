"""The basket over HTTP: put in, changed, taken out, bought, and honest whatever happens meanwhile."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.basket import MAX_LINES, BasketLine
from app.domain.catalog import Money
from app.web.basket_cookie import BasketSigner
from tests.conftest import QUICK, StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer, component
from tests.support.in_process import InProcessServer
from tests.support.markup import parsed
from tests.support.shopper_client import Shopper, stream_of
from tests.support.stored import kept_pages, rows
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

OURS = {"sec-fetch-site": "same-origin"}
SECRET = "a secret that servers of one shop share"  # noqa: S105 - made for these tests
BOARD: dict[str, Any] = {
    "id": "board",
    "title": "Oak & Board",
    "price": 54,
    "variants": [
        {"id": "11", "options": {"Size": "Small"}, "stock": 9},
        {"id": "12", "options": {"Size": "Large"}, "price": 76, "stock": 3},
        {"id": "13", "options": {"Size": "Huge"}, "price": 99, "stock": 0},
    ],
}
CUP: dict[str, Any] = {"id": "77", "title": "Cup", "price": 9.5}
SHOPIFY = {"type": "shopify", "domain": "shop.example"}


def catalog(
    folder: Path, *products: dict[str, Any], checkout: object = SHOPIFY, name: str = "corner"
) -> dict[str, str]:
    """Write a catalog; return the environment of a server that sells from it."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    shop = {"id": "corner", "name": "Corner", "currency": "EUR", "checkout": checkout}
    path.write_text(json.dumps({"shop": shop, "products": products}))
    return {"WANDSTORE_CATALOG": str(path), "SESSION_SECRET": SECRET, "WANDSTORE_HOUSE_PACE": "0"}


@pytest.fixture(scope="module")
def corner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A shop that tests share, each with a shopper of its own."""
    folder = tmp_path_factory.mktemp("corner")
    with InProcessServer(folder / "data", {**QUICK, **catalog(folder, BOARD, CUP)}) as server:
        yield server


@pytest.fixture
def shopper(corner: Server) -> Iterator[Shopper]:
    with Shopper(corner) as visitor:
        yield visitor


def send(shopper: httpx.Client, path: str = "/basket", **form: str) -> httpx.Response:
    answered = shopper.post(path, data=form, headers=OURS)
    assert answered.status_code == httpx.codes.SEE_OTHER
    assert answered.headers["cache-control"] == "private, no-store"
    return answered


def add(shopper: httpx.Client, product: str, variant: str = "", quantity: str = "1") -> str:
    """Put something in; return where that leads."""
    form = {"product": product, "variant": variant or product, "quantity": quantity}
    return str(send(shopper, do="add", **form).headers["location"])


def words(element: ET.Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def basket(shopper: httpx.Client, path: str = "/basket") -> ET.Element:
    page = shopper.get(path)
    assert page.status_code == httpx.codes.OK
    assert page.headers["cache-control"] == "private, no-store"
    return parsed(page.text)


def lines(page: ET.Element) -> list[str]:
    return [
        words(line) for line in page.iterfind(".//li") if "basket-line" in line.get("class", "")
    ]


def total(page: ET.Element) -> str:
    return words(page.find(".//p[@class='basket-total']"))


def way_out(page: ET.Element) -> str:
    """Return the address of the link to the checkout."""
    (link,) = [link for link in page.iter("a") if words(link) == "Check out"]
    return link.attrib["href"]


def forms(page: ET.Element, action: str) -> list[dict[str, str]]:
    return [
        {field.attrib["name"]: field.get("value", "") for field in form.iter("input")}
        for form in page.iter("form")
        if form.attrib["action"] == action and form.attrib["method"] == "post"
    ]


def test_a_products_page_has_a_plain_form_for_the_variant_it_shows(shopper: Shopper) -> None:
    page = parsed(shopper.get("/products/board?variant=12").text)
    assert forms(page, "/basket") == [{"product": "board", "variant": "12", "quantity": "1"}]


def test_what_cannot_be_had_has_no_form(shopper: Shopper) -> None:
    assert forms(parsed(shopper.get("/products/board?variant=13").text), "/basket") == []
    assert add(shopper, "board", "13") == "/basket?note=not_sold"
    assert "basket_corner" not in shopper.cookies


def test_what_is_put_in_is_in_it_with_variant_quantity_and_price(shopper: Shopper) -> None:
    assert add(shopper, "board", "12", "2") == "/basket"
    add(shopper, "77")
    page = basket(shopper)
    board, cup = lines(page)
    assert "Oak & Board Large €76.00 each" in board
    assert "€152.00" in board
    assert "Cup €9.50 each" in cup
    assert total(page) == "Total €161.50"
    link = page.find(".//li//h2/a")
    assert link is not None
    assert link.attrib["href"] == "/products/board?variant=12"


def test_a_quantity_is_changed_and_a_line_taken_out(shopper: Shopper) -> None:
    add(shopper, "board", "11", "2")
    add(shopper, "77")
    send(shopper, do="change", product="board", variant="11", quantity="5")
    assert total(basket(shopper)) == "Total €279.50"
    send(shopper, do="remove", product="board", variant="11", quantity="5")
    assert total(basket(shopper)) == "Total €9.50"
    send(shopper, do="change", product="77", variant="77", quantity="0")
    assert "There is nothing in it yet." in words(basket(shopper))
    assert "basket_corner" not in shopper.cookies


def test_a_quantity_in_the_digits_of_any_script_is_taken_and_a_large_one_is_bounded(
    shopper: Shopper,
) -> None:
    add(shopper, "77")
    for quantity, kept in (
        *(("20", 20), ("99999", 20), ("9" * 30, 20), (" 4 ", 4)),
        *(("٣", 3), ("３", 3)),  # noqa: RUF001 - as keyboards write them
    ):
        outcome = send(shopper, do="change", product="77", variant="77", quantity=quantity)
        assert outcome.headers["location"] == f"/basket{'?note=most' if len(quantity) > 3 else ''}"
        (form,) = forms(basket(shopper), "/basket")
        assert (quantity, form["quantity"]) == (quantity, str(kept))


def test_a_quantity_that_is_none_changes_nothing_puts_one_in_and_is_told(shopper: Shopper) -> None:
    place = {"product": "77", "variant": "77"}
    for quantity in ("2.5", "-4", "abc", "", " ", "1e3", "+3", "0x4", "½", "²"):
        assert add(shopper, "77", quantity=quantity) == "/basket?note=quantity"
        assert total(basket(shopper)) == "Total €9.50"
        send(shopper, do="change", **place, quantity="7")
        response = send(shopper, do="change", **place, quantity=quantity)
        assert (quantity, response.headers["location"]) == (quantity, "/basket?note=quantity")
        assert "set-cookie" not in response.headers
        page = basket(shopper, response.headers["location"])
        assert "We could not read how many you want." in words(page)
        assert total(page) == "Total €66.50"
        send(shopper, do="remove", **place)
    assert add(shopper, "77", quantity="0") == "/basket?note=quantity"
    assert send(shopper, do="change", **place).headers["location"] == "/basket?note=quantity"
    assert send(shopper, do="add", **place).headers["location"] == "/basket"
    assert total(basket(shopper)) == "Total €19.00"


def test_what_is_no_product_of_this_shop_is_not_put_in_and_it_says_so(shopper: Shopper) -> None:
    add(shopper, "77")
    for product, variant in (("dusk-lamp", "clay"), ("board", "77"), ("board", "14"), ("", "")):
        form = {"product": product, "variant": variant, "quantity": "2.5"}
        back = send(shopper, do="add", **form).headers["location"]
        assert (form, back) == (form, "/basket?note=not_sold")
        assert "was not put in" in words(basket(shopper, back))
        back = send(shopper, do="change", **form).headers["location"]
        assert (form, back) == (form, "/basket?note=moved")
    assert total(basket(shopper)) == "Total €9.50"


def test_what_another_tab_has_taken_out_is_not_put_back_and_it_says_so(shopper: Shopper) -> None:
    add(shopper, "77")
    form = {"product": "board", "variant": "11", "quantity": "3"}
    assert send(shopper, do="change", **form).headers["location"] == "/basket?note=moved"
    assert send(shopper, do="remove", **form).headers["location"] == "/basket"
    assert total(basket(shopper)) == "Total €9.50"


def test_a_quantity_that_is_cut_is_told(shopper: Shopper) -> None:
    assert add(shopper, "77", quantity="15") == "/basket"
    assert add(shopper, "77", quantity="15") == "/basket?note=most"
    assert "There can be 20 of one thing at most." in words(basket(shopper, "/basket?note=most"))
    form = {"do": "change", "product": "77", "variant": "77", "quantity": "99999"}
    assert send(shopper, **form).headers["location"] == "/basket?note=most"
    assert total(basket(shopper)) == "Total €190.00"


def test_more_than_are_left_are_not_sold_and_it_says_so(shopper: Shopper) -> None:
    add(shopper, "board", "12", "5")
    page = basket(shopper)
    assert "Only 3 left, not 5." in lines(page)[0]
    assert total(page) == "Total €228.00"


def test_the_checkout_gets_the_variants_and_quantities(shopper: Shopper) -> None:
    add(shopper, "board", "12", "2")
    add(shopper, "77", quantity="3")
    out = shopper.get(way_out(basket(shopper)))
    assert out.status_code == httpx.codes.SEE_OTHER
    assert out.headers["location"] == "https://shop.example/cart/12:2,77:3"
    assert out.headers["cache-control"] == "private, no-store"


def test_a_price_that_changed_meanwhile_is_told_and_never_sold_unseen(
    serve: StartServer, tmp_path: Path
) -> None:
    before = serve("before", **catalog(tmp_path / "a", BOARD, CUP))
    with Shopper(before) as shopper:
        add(shopper, "77", quantity="2")
        link, cookies = way_out(basket(shopper)), shopper.cookies
    after = serve("after", **catalog(tmp_path / "b", BOARD, {**CUP, "price": 12}))
    with Shopper(after, cookies) as shopper:
        back = shopper.get(link)
        assert back.headers["location"] == "/basket?note=moved"
        page = basket(shopper, "/basket?note=moved")
        assert "€12.00 each Was €9.50 when you put it in." in lines(page)[0]
        assert total(page) == "Total €24.00"
        assert "Something is different" in words(page)
        assert shopper.get(way_out(page)).headers["location"].endswith("/cart/77:2")


def test_a_price_that_changes_while_the_shop_is_open_is_on_every_page_and_told_in_the_basket(
    serve: StartServer, tmp_path: Path
) -> None:
    shop = serve(WANDSTORE_CATALOG_SECONDS="0.02", **catalog(tmp_path / "a", BOARD, CUP))
    with Shopper(shop) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        add(shopper, "77", quantity="2")
        link = way_out(basket(shopper))
        catalog(tmp_path / "b", BOARD, {**CUP, "price": 12})
        (tmp_path / "b" / "corner.json").replace(tmp_path / "a" / "corner.json")
        eventually(lambda: "€12.00" in shopper.get("/products/77").text)
        for path in ("/store", "/store?q=cup"):
            text = shopper.get(path).text
            assert "€12.00" in text
            assert "€9.50" not in text
        assert shopper.get(link).headers["location"] == "/basket?note=moved"
        assert "Was €9.50 when you put it in." in lines(basket(shopper))[0]
        assert total(basket(shopper)) == "Total €24.00"


def test_what_has_vanished_or_sold_out_is_told_and_left_out(
    serve: StartServer, tmp_path: Path
) -> None:
    lamp = {**CUP, "id": "78", "title": "Lamp"}
    before = serve("before", **catalog(tmp_path / "a", BOARD, CUP, lamp))
    with Shopper(before) as shopper:
        for product, variant in (("board", "11"), ("board", "12"), ("77", "77"), ("78", "78")):
            add(shopper, product, variant)
        cookies = shopper.cookies
    board = {**BOARD, "variants": [{**BOARD["variants"][1], "stock": 0}]}
    after = serve("after", **catalog(tmp_path / "b", board, CUP))
    with Shopper(after, cookies) as shopper:
        page = basket(shopper)
        small, large, cup, lamp_line = lines(page)
        assert "no longer made" in small
        assert "Sold out since you put it in." in large
        assert "€9.50 each" in cup
        assert lamp_line.startswith("7 78 No longer sold here.")
        assert total(page) == "Total €9.50"
        assert shopper.get(way_out(page)).headers["location"].endswith("/cart/77:1")
        send(shopper, do="remove", product="78", variant="78")
        assert len(lines(basket(shopper))) == 3


def test_a_full_basket_says_so(shopper: Shopper) -> None:
    hold(shopper, signed(*(f"x{at}" for at in range(MAX_LINES))))
    assert add(shopper, "77") == "/basket?note=full"
    assert "There was no room left." in words(basket(shopper, "/basket?note=full"))


def test_a_basket_that_no_cookie_holds_is_full_as_well(shopper: Shopper) -> None:
    hold(shopper, signed(*(f"{at:0190}" for at in range(10))))
    for variant in ("11", "12"):
        outcome = add(shopper, "board", variant)
    assert outcome == "/basket?note=full"
    assert len(lines(basket(shopper))) == 11


def test_what_is_too_long_for_a_cookie_with_where_it_was_shown_is_kept_without() -> None:
    line = BasketLine("t" * 40, "4" * 14, 1, Money(Decimal(1), "EUR"), "recommendations", "p" * 22)
    full = tuple(line._replace(product=f"{line.product}{at}") for at in range(MAX_LINES))
    signer = BasketSigner(SECRET.encode())
    (cookie,) = signer.cookies(full, "corner", secure=False)
    kept = signer.read([(b"cookie", cookie.partition(b";")[0])], "corner")
    assert kept == tuple(item._replace(slot="", page="") for item in full)


def hold(shopper: Shopper, value: str) -> None:
    """Have a shopper's browser send this as the cookie of their basket."""
    shopper.cookies.set("basket_corner", value, domain=shopper.base_url.host)


def signed(*names: str) -> str:
    """Return the value of the cookie of a basket with one of each."""
    each = (BasketLine(name, "x", 1, Money(Decimal(1), "EUR")) for name in names)
    return BasketSigner(SECRET.encode()).value(tuple(each), "corner")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
    ],
)
def test_only_a_page_of_the_shop_changes_a_basket(
    shopper: Shopper, headers: dict[str, str]
) -> None:
    form = {"do": "add", "product": "77", "variant": "77"}
    answered = shopper.post("/basket", data=form, headers=headers)
    assert answered.status_code == httpx.codes.FORBIDDEN
    assert "The basket is as it was" in answered.text
    assert "set-cookie" not in answered.headers


def test_a_body_that_is_too_large_changes_nothing(shopper: Shopper) -> None:
    answered = shopper.post("/basket", data={"do": "x" * 5_000}, headers=OURS)
    assert answered.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE


def test_a_forged_basket_is_an_empty_one(shopper: Shopper) -> None:
    add(shopper, "77")
    value = shopper.cookies["basket_corner"]
    hold(shopper, value[:-4] + "AAAA")
    assert "There is nothing in it yet." in words(basket(shopper))
    assert shopper.get("/checkout?seen=").headers["location"] == "/basket?note=moved"


def test_the_cookie_is_bounded_and_only_for_the_server(shopper: Shopper) -> None:
    cookie = send(shopper, do="add", product="77", variant="77").headers["set-cookie"]
    assert re.fullmatch(
        r"basket_corner=[\w-]+\.[\w-]{43}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax", cookie
    )


def test_no_page_that_is_kept_says_what_is_in_a_basket(shopper: Shopper) -> None:
    paths = ["/store", "/store?category=Everything", "/products/board", "/basket/none"]
    before = [shopper.get(path).text for path in paths[1:]]
    add(shopper, "board", "11", "7")
    assert [shopper.get(path).text for path in paths[1:]] == before
    assert re.search(
        r'<a class="basket-link" href="/basket">Basket</a>', shopper.get("/store").text
    )


@pytest.mark.parametrize("checkout", [None, {"type": "none"}])
def test_a_shop_without_a_checkout_offers_nothing_to_buy(
    serve: StartServer, tmp_path: Path, checkout: object
) -> None:
    shop = serve(**catalog(tmp_path / "a", BOARD, CUP, checkout=checkout))
    for path in ("/store", "/products/board", "/store?q=cup"):
        text = http.get(f"{shop.url}{path}").text.lower()
        assert "basket" not in text
    assert http.get(f"{shop.url}/basket").status_code == httpx.codes.NOT_FOUND
    assert http.get(f"{shop.url}/checkout").status_code == httpx.codes.NOT_FOUND
    assert http.post(f"{shop.url}/basket", headers=OURS).status_code == httpx.codes.NOT_FOUND


def test_a_shop_among_several_has_a_basket_of_its_own(serve: StartServer, tmp_path: Path) -> None:
    folder = tmp_path / "shops"
    environment = catalog(folder, CUP, name="a")
    other = {"id": "other", "name": "Other", "currency": "EUR", "checkout": {"type": "demo"}}
    (folder / "b.json").write_text(json.dumps({"shop": other, "products": [CUP]}))
    with Shopper(serve(**{**environment, "WANDSTORE_CATALOG": str(folder)})) as shopper:
        answered = send(shopper, "/s/other/basket", do="add", product="77", variant="77")
        assert answered.headers["location"] == "/s/other/basket"
        page = basket(shopper, "/s/other/basket")
        assert total(page) == "Total €9.50"
        assert way_out(page).startswith("/s/other/checkout?seen=")
        assert "There is nothing in it yet." in words(basket(shopper))


def test_a_basket_is_the_same_in_each_language_of_a_store(house_server: Server) -> None:
    with Shopper(house_server) as shopper:
        add(shopper, "salt-cellar", quantity="2")
        assert "Salztopf je 24,00 €" in lines(basket(shopper, "/s/demo-de/basket"))[0]
        form = {"do": "remove", "product": "salt-cellar", "variant": "salt-cellar"}
        send(shopper, "/s/demo-de/basket", **form)
        assert "There is nothing in it yet." in words(basket(shopper))


def test_a_demonstration_says_that_nothing_was_ordered(serve: StartServer) -> None:
    with Shopper(server := serve()) as shopper:
        shopper.store()
        add(shopper, "linen-cushion", "60-ink", "2")
        page = shopper.get(way_out(basket(shopper)))
        assert page.status_code == httpx.codes.OK
        said = words(parsed(page.text))
        assert "Nothing has been ordered, and nothing is charged" in said
        shopper.head(way_out(basket(shopper)))
        counted = "SELECT slot, product, shown FROM views"
        eventually(lambda: rows(server, counted) == [("@checkout", "", 1)])
        assert "2 \N{MULTIPLICATION SIGN} Washed Linen Cushion, 60 x 60 cm / Ink €124.00" in said


def test_a_basket_is_told_by_the_server_and_where_it_was_shown_goes_along(
    serve: StartServer, model: Model, tmp_path: Path
) -> None:
    shelf = [{**CUP, "id": str(at), "title": f"Cup {at}"} for at in range(100, 116)]
    shop = serve(**model.environment, **catalog(tmp_path / "a", *shelf))
    ids = [item["id"] for item in shelf]
    model.play(
        Scenario(
            answer(
                component("hero", product_id=ids[0]),
                component("filters", categories=["Everything"]),
                component("grid", product_ids=ids[1:9]),
                component("recommendations", product_ids=ids[9:15]),
                component("cta", category="Everything"),
            )
        )
    )
    with Shopper(shop) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        add(shopper, ids[0], quantity="2")
        add(shopper, ids[9])
        eventually(lambda: len(rows(shop, "SELECT fact FROM signals")) == 2)
        noted = [json.loads(fact) for (fact,) in rows(shop, "SELECT fact FROM signals ORDER BY id")]
        assert [fact["kind"] for fact in noted] == ["add_to_basket", "add_to_basket"]
        assert [fact["products"] for fact in noted] == [[ids[0]], [ids[9]]]
        out = httpx.URL(shopper.get(way_out(basket(shopper))).headers["location"])
        assert out.path == f"/cart/{ids[0]}:2,{ids[9]}:1"
        assert out.params["attributes[wandstore_slots]"] == "hero,recommendations"
        made = out.params["attributes[wandstore_page]"]
        for name in ("dnt", "sec-gpc"):
            away = shopper.get(way_out(basket(shopper)), headers={name: "1"}).headers["location"]
            assert away.partition("?")[::2] == (str(out).partition("?")[0], "")
        (meta,) = (page["meta"] for page in kept_pages(shop) if page["meta"]["page_id"] == made)
        recorded = (made, meta["decision"])
        eventually(lambda: recorded in rows(shop, "SELECT id, decision FROM ui_generations"))
        assert [fact["origins"] for fact in noted] == [
            [f"{made}/hero"],
            [f"{made}/recommendations"],
        ]
        order = {"kind": "purchase", "items": [{"product": ids[9]}, {"product": ids[15]}]}
        assert shopper.post("/signals", json={"events": [order]}, headers=OURS).is_success
        ((fact,),) = rows(shop, "SELECT fact FROM signals WHERE kind = 'purchase'")
        assert json.loads(fact)["origins"] == [f"{made}/recommendations", ""]


def test_nothing_is_noted_of_those_who_ask_not_to_be_followed(house_server: Server) -> None:
    form = {"do": "add", "product": "dusk-lamp", "variant": "clay"}
    with Shopper(house_server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        added = shopper.post("/basket", data=form, headers={**OURS, "dnt": "1"})
        assert "Max-Age" not in added.headers["set-cookie"], "nothing outlives the session"
        page = shopper.get(way_out(basket(shopper)))
        assert "Your checkout is told" not in page.text
        followed = Shopper(house_server)
    with followed as shopper:
        stream = stream_of(shopper.store().text)
        if stream:
            shopper.follow(stream)
        send(shopper, **form)
        assert "Your checkout is told" in shopper.get(way_out(basket(shopper))).text
