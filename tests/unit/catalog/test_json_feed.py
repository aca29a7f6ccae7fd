from __future__ import annotations

import json
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest

from app.catalog.feed_text import FeedText
from app.catalog.json_feed import read_document
from app.catalog.load import load_catalogs
from app.catalog.problems import CatalogError
from app.domain.catalog import Brand
from tests.support.catalogs import ReadJson, Write

MUG = {"id": "mug", "title": "Mug", "price": 12.5}
NOT_A_NUMBER = float("nan")


def test_a_product_is_sold_as_it_is_described(read_json: ReadJson) -> None:
    product = read_json(
        {
            **MUG,
            "compare_at_price": "15.00",
            "category": "Cups",
            "tags": ["new", "new", " "],
            "description": "Deep  and\nblue.",
            "stock": 3,
            "vendor": "Kiln",
            "options": ["Big", "Small"],
        },
        currency="EUR",
    ).only
    assert (product.price.amount, product.price.currency) == (Decimal("12.50"), "EUR")
    assert product.compare_at is not None
    assert (product.category, product.tags, product.options) == ("Cups", ("new",), ("Big", "Small"))
    assert (product.description, product.vendor) == ("Deep and blue.", "Kiln")
    assert (product.stock, product.available, product.varies) == (3, True, False)


@pytest.mark.parametrize(
    ("fields", "available"),
    [
        ({}, True),
        ({"stock": 0}, False),
        ({"stock": -1}, False),
        ({"stock": 0, "available": True}, True),
        ({"stock": 5, "available": False}, False),
        ({"stock": None}, True),
        ({"stock": 0.0}, False),
        ({"stock": "0.0"}, False),
        ({"stock": "7,0"}, True),
    ],
)
def test_stock_says_what_is_available_unless_the_catalog_does(
    read_json: ReadJson, fields: dict[str, object], *, available: bool
) -> None:
    assert read_json({**MUG, **fields}).only.available is available


@pytest.mark.parametrize(
    ("cup", "reason"),
    [
        ("cup", "a product must be an object"),
        ([], "a product must be an object, not a list"),
        (None, "a product must be an object, not null"),
        ({"title": None}, "has no title"),
        ({"title": "\u200b"}, "has no title"),
        ({"title": 5}, "title must be text, not 5"),
        ({"price": None}, "has no price"),
        ({"price": -1}, "price is negative"),
        ({"price": -0.0}, "price is negative"),
        ({"price": NOT_A_NUMBER}, "price 'NaN' is not a number"),
        ({"price": float("inf")}, "price 'Infinity' is not a number"),
        ({"price": 1e300}, "price is above"),
        ({"price": 1e-300}, "price is less than"),
        ({"price": True}, "price 'true or false' is not a number"),
        ({"price": "12 euros"}, "price '12 euros' is not a number"),
        ({"price": {}}, "price 'an object' is not a number"),
        ({"compare_at_price": []}, "compare_at_price 'a list' is not a number"),
        ({"currency": "euro"}, "currency 'EURO' is not three capital letters"),
        ({"id": "mug"}, "another product has this id"),
        ({"id": "../cup"}, "id '../cup' is not"),
        ({"id": ""}, "has no id"),
        ({"id": 5}, "id must be text, not 5"),
        ({"id": "a" * 201}, "is not letters"),
        ({"id": "cup\u202e"}, None),
        ({"tags": "new"}, "tags must be a list of texts"),
        ({"tags": [1]}, "tags must be a list of texts"),
        ({"stock": 1.5}, "stock must be a whole number"),
        ({"stock": 1e300}, "stock must be a whole number"),
        ({"stock": NOT_A_NUMBER}, "stock must be a whole number"),
        ({"stock": "three"}, "quantity 'three' is not a whole number"),
        ({"available": "yes"}, "available must be true or false"),
        ({"description": ["x"]}, "description must be text"),
    ],
)
def test_a_malformed_product_is_reported_by_its_line_and_costs_only_itself(
    read_json: ReadJson, cup: object, reason: str | None
) -> None:
    malformed = {"id": "cup", "title": "Cup", "price": 9, **cup} if isinstance(cup, dict) else cup
    read = read_json(MUG, malformed, {**MUG, "id": "jug"})
    if reason is None:
        assert list(read.products) == ["mug", "cup", "jug"]
        return
    assert list(read.products) == ["mug", "jug"]
    (problem,) = read.problems
    assert reason in problem.reason
    assert problem.line == 11


def test_what_is_cut_for_its_length_is_sold_and_reported(read_json: ReadJson) -> None:
    read = read_json({**MUG, "title": "x" * 201, "description": "y" * 4_001})
    assert read.only.title == "x" * 200
    assert read.only.description == "y" * 4_000
    assert [(issue.line, issue.product) for issue in read.problems] == [(6, "mug")] * 2
    assert {issue.reason for issue in read.problems} == {
        "sold with its title cut at 200 characters",
        "sold with its description cut at 4000 characters",
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_catalog_is_read_in_any_unicode(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "shop.json"
    text = json.dumps({"products": [{**MUG, "title": "Tässchen \0"}]}, ensure_ascii=False)
    path.write_bytes(text.encode(encoding))
    (product,) = load_catalogs(path).default.products.values()
    assert product.title == "Tässchen"


def test_categories_that_differ_in_case_or_name_none_are_no_more_than_they_are(
    read_json: ReadJson,
) -> None:
    categories = ["Mugs", "MUGS", "Uncategorized", None]
    products = [{**MUG, "id": f"m{at}", "category": name} for at, name in enumerate(categories)]
    assert read_json(*products).shop.categories() == ("Mugs", "Everything")


@pytest.mark.parametrize(
    "exponent", ["e999999999", "e99999999999999999999", "e-99999999999999999999"]
)
def test_a_number_beyond_all_bounds_costs_only_its_product(write: Write, exponent: str) -> None:
    text = json.dumps({"products": [MUG, {**MUG, "id": "cup", "price": 7777}]})
    path = write("shop.json", text.replace("7777", f"1{exponent}"))
    assert list(load_catalogs(path).default.products) == ["mug"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"products": [\n{"id": "mug",}]}', 2),
        ('{"products": [\n{}\n{}]}', 3),
        ('{"products": [\n{},\n]}', 3),
        ('{"products": []\n, }', 2),
        ('{"products": []}\n\nx', 3),
        ('{"products" []}', 1),
        ("{products: []}", 1),
        ("[]", 1),
        ("{", 1),
        ('{"products": [', 1),
    ],
)
def test_what_is_not_json_is_refused_by_its_line(write: Write, text: str, line: int) -> None:
    path = write("shop.json", text)
    with pytest.raises(CatalogError, match=f"shop.json: line {line}: ") as caught:
        load_catalogs(path)
    assert caught.value.path == path
    assert caught.value.problems[0].line == line


def test_what_is_nested_too_deeply_is_refused(write: Write) -> None:
    path = write("shop.json", '{"a": ' + "[" * 100_000)
    with pytest.raises(CatalogError, match=r"shop.json: is nested too deeply"):
        load_catalogs(path)


def test_the_shop_and_its_brand_are_read(read_json: ReadJson) -> None:
    brand = {
        "primary_color": "#AABBCC",
        "secondary_color": "#001122",
        "font_family": "'Iowan Old Style', Georgia, serif",
        "tone": "dry",
    }
    shop = read_json(MUG, name="Corner <b>Shop</b>", tagline="Open late", brand=brand).shop
    assert (shop.id, shop.name, shop.tagline) == ("corner", "Corner Shop", "Open late")
    assert shop.brand == Brand("#AABBCC", "#001122", "'Iowan Old Style', Georgia, serif", "dry")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("primary_color", "red"),
        ("primary_color", "#12345"),
        ("secondary_color", "#123456;}"),
        ("secondary_color", 5),
        ("font_family", "x;} body {display: none"),
        ("font_family", "'Lone quote"),
        ("font_family", "url(https://a.example)"),
        ("font_family", "Georgia,"),
        ("tone", []),
    ],
)
def test_a_brand_that_could_harm_the_page_is_reported_and_left_at_its_default(
    read_json: ReadJson, name: str, value: object
) -> None:
    read = read_json(MUG, brand={name: value})
    assert read.shop.brand == Brand()
    assert name in read.problems[0].reason


@pytest.mark.parametrize(
    "document",
    [
        {"shop": "corner", "products": [MUG]},
        {"shop": {"brand": 5}, "products": [MUG]},
        {"shop": {"name": 5}, "products": [MUG]},
        {"shop": {"id": "Corner Shop!"}, "products": [MUG]},
    ],
)
def test_a_shop_described_wrongly_is_open_all_the_same_and_the_mistake_reported(
    write: Write, document: object
) -> None:
    catalogs = load_catalogs(write("corner-shop.json", json.dumps(document)))
    assert catalogs.default.id == "corner-shop"
    assert len(catalogs.problems["corner-shop"]) == 1


@pytest.mark.parametrize("currency", ["euro", "€", 5])
@pytest.mark.parametrize("name", ["shop.json", "shop.csv"])
def test_a_shop_in_no_currency_sells_nothing_at_prices_in_another(
    write: Write, name: str, currency: object
) -> None:
    about = {"currency": currency}
    if name == "shop.json":
        path = write(name, json.dumps({"shop": about, "products": [MUG]}))
    else:
        path = write(name, "Handle,Title,Variant Price\nmug,Mug,9\n")
        write("shop.shop.json", json.dumps(about))
    with pytest.raises(CatalogError, match=f"currency '{currency}' is not three capital letters"):
        load_catalogs(path)


@pytest.mark.parametrize("document", [{}, {"products": []}, {"products": {}}, {"products": [{}]}])
def test_a_catalog_with_nothing_to_sell_is_refused(write: Write, document: object) -> None:
    with pytest.raises(CatalogError, match="holds no product that can be sold"):
        load_catalogs(write("shop.json", json.dumps(document)))


def test_the_digest_changes_with_what_is_drawn_and_with_nothing_else(
    read_json: ReadJson,
) -> None:
    first = read_json(MUG).shop.digest
    assert first == read_json({**MUG, "price": "12.50"}, {"id": "broken"}).shop.digest
    changed = [
        read_json({**MUG, "price": 12}).shop.digest,
        read_json({**MUG, "stock": 1}).shop.digest,
        read_json(MUG, name="Other").shop.digest,
        read_json(MUG, brand={"tone": "dry"}).shop.digest,
    ]
    assert len({first, *changed}) == 5
    assert len(first) == 16


def test_a_key_that_is_not_read_is_named_once_where_it_first_stands(write: Write) -> None:
    path = write(
        "corner.json",
        """{
"language": "de",
"shop": {"id": "corner", "colour": "red", "brand": {"primary": "#102030"}},
"products": [
 {"id": "jug", "title": "Jug", "price": 1, "options": ["Small"]},
 {"id": "mug", "title": "Mug", "price": 1, "titel": "Mug"},
 {"id": "cup", "title": "Cup", "price": 1, "titel": "Cup", "vendor": null},
 {"id": "bag", "title": "Bag", "price": 1, "compare_at_price": 2, "variants": [
  {"id": "red", "options": {"Colour": "Red"}, "stok": 1}, {"stock": 1}
 ]}
]}""",
    )
    catalogs = load_catalogs(path)
    assert len(catalogs.default.products) == 4
    assert [(problem.line, problem.reason) for problem in catalogs.problems["corner"]] == [
        (0, "brand: the key 'primary' is not read"),
        (0, "catalog: the key 'language' is not read"),
        (0, "shop: the key 'colour' is not read"),
        (6, "product: the key 'titel' is not read"),
        (8, "variant 2 is not sold: its options are not Colour"),
        (8, "product: the key 'variants, stok' is not read"),
    ]


def test_keys_that_nobody_reads_are_named_up_to_a_bound(read_json: ReadJson) -> None:
    odd = {f"key-{at}": at for at in range(100)}
    reading = read_json({"id": "jug", "title": "Jug", "price": 1, **odd})
    assert len(reading.problems) == 20


def test_products_are_taken_apart_one_by_one() -> None:
    goods = [{"id": f"jug-{at}", "title": "Jug", "description": "x" * 1_000} for at in range(2_000)]
    text = json.dumps({"products": goods})
    tracemalloc.start()
    try:
        document = read_document(FeedText.of(text))
        assert sum(isinstance(placed.value, dict) for placed in document.products) == 2_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(text) / 4


ODD = [
    '{"products": [{"a": 1}, {"b": [true, null, -0.5e3, "\\ud83d\\udd6f \\n"]}], "shop": {"x": 12}}',
    '{"products" : [ ] , "n": 123456 }  \n',
    '{"a": 12\n34}',
    '{"a": "never ends',
    '{"products": [1, 2,]}',
    '\n\n {"products": [{"a": tru}]}',
    '{"a": 1} x',
    '{"a": 1,  \n  \n    }',
    "[1, 2]",
    '{"a": NaN, "b": -Infinity}',
    '{"a": "\\u12',
    '{"a" 1}',
    "",
]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("text", ODD)
def test_however_a_text_comes_it_is_the_same_and_so_is_what_is_wrong_with_it(
    text: str, size: int
) -> None:
    def read(text: FeedText) -> object:
        try:
            document = read_document(text)
            return document.fields, [placed[:2] for placed in document.products]
        except json.JSONDecodeError as error:
            return error.msg, error.lineno, error.colno

    cut = [text[at : at + size] for at in range(0, len(text), size)]
    assert repr(read(FeedText(lambda: iter(cut), len(text)))) == repr(read(FeedText.of(text)))


@pytest.mark.parametrize("size", [1, 2, 5])
def test_however_lines_come_they_are_the_same(size: int) -> None:
    text = 'a,b\r\n1,"x\ny"\r\rz\n\n\r\nend'
    cut = [text[at : at + size] for at in range(0, len(text), size)]
    lines = [*FeedText(lambda: iter(cut), len(text)).lines()]
    assert "".join(lines) == text
    assert lines == [*FeedText.of(text).lines()] == text.splitlines(keepends=True)
