"""Google Merchant feeds, XML and tables: what is sold of them, and what is told of the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.catalog.feed_text import FeedText
from app.catalog.load import load_catalogs
from app.catalog.merchant_feed import LAYOUT
from app.catalog.merchant_product import read_product
from app.catalog.problems import CatalogError, Report
from app.catalog.rows import read_rows
from app.domain.catalog import Money, Picture
from tests.support.catalogs import Reading, Write

ReadXml = Callable[..., Reading]
ITEM = "<g:id>jug</g:id><title>Jug</title><g:price>12.00 EUR</g:price>"
RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>
<title>Corner &amp; Co</title><link>https://corner.example</link>
{items}
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<title>Corner &amp; Co</title>
{items}
</feed>"""


@pytest.fixture
def read_xml(write: Write) -> ReadXml:
    def read(*items: str, feed: str = RSS, element: str = "item") -> Reading:
        inner = "\n".join(f"<{element}>{item}</{element}>" for item in items)
        return Reading(load_catalogs(write("feed.xml", feed.format(items=inner))))

    return read


@pytest.fixture
def read_tsv(write: Write) -> ReadXml:
    def read(*rows: dict[str, str], name: str = "feed.tsv", between: str = "\t") -> Reading:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        lines = [columns, *([row.get(key, "") for key in columns] for row in rows)]
        return Reading(load_catalogs(write(name, "\n".join(map(between.join, lines)) + "\n")))

    return read


@pytest.mark.parametrize(("feed", "element"), [(RSS, "item"), (ATOM, "entry")])
def test_an_item_is_sold_as_it_is_described(read_xml: ReadXml, feed: str, element: str) -> None:
    reading = read_xml(
        """<g:id>jug</g:id><title>Salt jug</title>
<g:description><![CDATA[<p>Grey &amp; <b>blue</b></p>]]></g:description>
<g:image_link>https://cdn.example/jug.jpg</g:image_link><g:availability>in_stock</g:availability>
<g:price>15.00 EUR</g:price><g:sale_price>12.50 EUR</g:sale_price><g:brand>Potter</g:brand>
<g:product_type>Home &gt; Kitchen &gt; Jugs</g:product_type>
<g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping>
<g:quantity>7</g:quantity>""",
        feed=feed,
        element=element,
    )
    assert reading.problems == ()
    assert reading.shop.name == "Corner & Co"
    jug = reading.only
    assert (jug.id, jug.title, jug.description) == ("jug", "Salt jug", "Grey & blue")
    assert (jug.category, jug.vendor, jug.stock) == ("Jugs", "Potter", 7)
    assert jug.price == Money(Decimal("12.50"), "EUR")
    assert jug.compare_at == Money(Decimal("15.00"), "EUR")
    assert jug.picture == Picture("https://cdn.example/jug.jpg", "Salt jug")
    assert jug.available
    assert jug.variants == ()


@pytest.mark.parametrize(
    ("name", "between", "columns"),
    [
        ("feed.tsv", "\t", ("id", "title", "price", "image link", "availability")),
        ("feed.csv", ",", ("id", "title", "price", "image_link", "availability")),
        ("feed.csv", ";", ("ID", "Title", "Price", "Image Link", "Availability")),
        (
            "feed.tsv",
            "\t",
            ("ID [id]", "Titel [title]", "Preis [price]", "Bild [image_link]", "[availability]"),
        ),
    ],
)
def test_a_table_is_read_by_its_columns_whatever_stands_between_them(
    read_tsv: ReadXml, name: str, between: str, columns: tuple[str, ...]
) -> None:
    values = ("jug", "Jug", "12.00 EUR", "https://cdn.example/jug.jpg", "out of stock")
    reading = read_tsv(dict(zip(columns, values, strict=True)), name=name, between=between)
    assert reading.problems == ()
    assert reading.only.price == Money(Decimal("12.00"), "EUR")
    assert reading.only.picture is not None
    assert not reading.only.available


def test_a_table_of_shopify_is_still_one(write: Write) -> None:
    path = write("shop.csv", "Handle,Title,Variant Price,ID\nmug,Mug,9,7\n")
    assert list(load_catalogs(path).default.products) == ["mug"]


def test_items_of_a_group_are_one_product_in_variants(read_tsv: ReadXml) -> None:
    shirt = {"item_group_id": "shirt", "title": "Shirt", "product_type": "Shirts"}
    reading = read_tsv(
        {**shirt, "id": "s-1", "price": "20 EUR", "size": "S", "color": "Red"},
        {"id": "cap", "title": "Cap", "price": "9 EUR"},
        {
            **shirt,
            "id": "s-2",
            "price": "25 EUR",
            "size": "L",
            "color": "Red",
            "availability": "out_of_stock",
        },
        {**shirt, "id": "s-3", "price": "cheap", "size": "XL", "color": "Red"},
    )
    assert list(reading.products) == ["shirt", "cap"]
    product = reading.products["shirt"]
    assert product.option_names == ("Color", "Size")
    assert [(form.id, form.values, form.available) for form in product.variants] == [
        ("s-1", ("Red", "S"), True),
        ("s-2", ("Red", "L"), False),
    ]
    assert product.price == Money(Decimal("20.00"), "EUR")
    assert product.varies
    assert [(problem.line, problem.reason) for problem in reading.problems] == [
        (5, "variant is not sold: price 'cheap' is not a number")
    ]


def test_what_a_machine_wrote_is_read_and_people_tell_a_group_apart(
    read_xml: ReadXml, read_tsv: ReadXml
) -> None:
    written = "<g:digital_source_type>trained_algorithmic_media</g:digital_source_type>"
    (jug,) = read_xml(
        f"<g:id>jug</g:id><g:price>9 EUR</g:price><g:structured_title>{written}"
        "<g:content>Salt jug</g:content></g:structured_title><g:structured_description>"
        f"{written}<g:content>Grey, &amp;lt;3</g:content></g:structured_description>"
    ).products.values()
    assert (jug.title, jug.description) == ("Salt jug", "Grey, <3")
    shirt = {"item_group_id": "shirt", "price": "9 EUR", "size": "S", "age_group": "adult"}
    wrote = {"structured_title": 'trained_algorithmic_media:"Shirt: sun, blue"'}
    reading = read_tsv(
        {"title": "", **shirt, "id": "1", "gender": "female", **wrote},
        {**shirt, "id": "2", "gender": "male", **wrote},
        {"id": "3", "title": "Cap", "price": "9 EUR", "structured_title": 'default:"Hat"'},
    )
    shirt_of_both, cap = reading.products.values()
    assert (shirt_of_both.title, cap.title) == ("Shirt: sun, blue", "Cap")
    assert shirt_of_both.option_names == ("Size", "Gender")
    values = [form.values for form in shirt_of_both.variants]
    assert values == [("S", "female"), ("S", "male")]


def test_a_group_is_called_what_its_items_share_and_shows_each_picture(read_tsv: ReadXml) -> None:
    def group(name: str, *titles: str, **fields: str) -> list[dict[str, str]]:
        price = {"price": "9 EUR", "item_group_id": name, **fields}
        return [
            {**price, "id": f"{name}-{at}", "title": title, "image_link": f"https://c.example/{at}"}
            for at, title in enumerate(titles)
        ]

    products = read_tsv(
        *group("tee", "Tee - Red / S", "Tee - Blue / S", color="as is"),
        *group("cup", "Cup", "Cup", color="Red"),
        *group("bag", "Bag 10", "Bag 12"),
    ).products
    assert [item.title for item in products.values()] == ["Tee", "Cup", "Bag"]
    values = [[form.values for form in item.variants] for item in products.values()]
    assert values == [
        [("as is", "Red / S"), ("as is", "Blue / S")],
        [("Red", "cup-0"), ("Red", "cup-1")],
        [("10",), ("12",)],
    ]
    first, second = products["tee"].variants
    assert first.picture is None
    assert second.picture == Picture("https://c.example/1", "Tee, as is / Blue / S")


def test_of_two_products_that_are_one_in_an_address_the_second_is_told(read_tsv: ReadXml) -> None:
    cup = {"title": "Cup", "price": "9 EUR"}
    grouped = {**cup, "item_group_id": "c-1"}
    reading = read_tsv({**cup, "id": "c 1"}, {**cup, "id": "c-1"}, {**grouped, "id": "x"})
    assert list(reading.products) == ["c-1"]
    problems = [(problem.line, problem.reason) for problem in reading.problems]
    assert problems == [(3, "another product has this id"), (4, "another product has this id")]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": ""}, "has no price"),
        ({"price": "12,5,0 EUR"}, "price '12,5,0' is not a number"),
        ({"price": "twelve"}, "price 'twelve' is not a number"),
        ({"title": ""}, "has no title"),
        ({"availability": "maybe"}, "availability 'maybe' is none that Google knows"),
        ({"sale_price": "9 EUR", "sale_price_effective_date": "soon"}, "sale date 'soon' is not"),
        ({"quantity": "some"}, "quantity 'some' is not a whole number"),
        ({"expiration_date": "2001-01-01T00:00+0100"}, "expired on 2001-01-01T00:00+0100"),
        ({"expiration_date": "soon"}, "expiration date 'soon' is not in ISO 8601"),
        ({"condition": "worn"}, "condition 'worn' is none that Google knows"),
    ],
)
def test_an_item_that_cannot_be_sold_costs_only_itself(
    read_tsv: ReadXml, fields: dict[str, str], reason: str
) -> None:
    good = {"id": "jug", "title": "Jug", "price": "12 EUR"}
    reading = read_tsv({**good, "id": "bad", **fields}, good, {**good, "title": "Other"})
    assert list(reading.products) == ["jug"]
    first, second = reading.problems
    assert (first.line, first.product) == (2, "bad")
    assert reason in first.reason
    assert (second.line, second.reason) == (4, "another product has this id")


@pytest.mark.parametrize("quote", ['"Jug', '"Jug" of salt', '"'])
def test_a_quote_left_open_costs_its_line_alone(read_tsv: ReadXml, quote: str) -> None:
    ids, titles = ("cup", "bad", "jug", "mug"), ("Cup", quote, '"Jug, ""salt"""', "Mug")
    rows = [
        {"id": name, "title": title, "price": "9 EUR"}
        for name, title in zip(ids, titles, strict=True)
    ]
    reading = read_tsv(*rows)
    assert list(reading.products) == ["cup", "jug", "mug"]
    assert reading.products["jug"].title == 'Jug, "salt"'
    assert [problem.line for problem in reading.problems] == [3]


@pytest.mark.parametrize(
    ("given", "money"),
    [
        ("12.00 EUR", Money(Decimal("12.00"), "EUR")),
        ("EUR 12.00", Money(Decimal("12.00"), "EUR")),
        ("12,50 eur", Money(Decimal("12.50"), "EUR")),
        ("12", Money(Decimal("12.00"), "USD")),
    ],
)
def test_a_price_names_its_currency_or_has_the_shops(
    read_tsv: ReadXml, given: str, money: Money
) -> None:
    assert read_tsv({"id": "jug", "title": "Jug", "price": given}).only.price == money


@pytest.mark.parametrize(
    ("dates", "amount"),
    [
        ("2000-01-01T00:00+0100/2999-01-01T00:00+0100", "9.00"),
        ("2000-01-01T00:00Z/2001-01-01T00:00Z", "12.00"),
        ("2998-01-01/2999-01-01", "12.00"),
    ],
)
def test_a_sale_is_one_between_its_dates_alone(read_tsv: ReadXml, dates: str, amount: str) -> None:
    item = {"id": "jug", "title": "Jug", "price": "12 EUR", "sale_price": "9 EUR"}
    sold = read_tsv({**item, "sale_price_effective_date": dates}).only
    assert sold.price.amount == Decimal(amount)
    assert (sold.compare_at is not None) == (amount == "9.00")


def test_what_expires_is_sold_until_then_and_the_feed_is_read_again() -> None:
    at = datetime(2999, 1, 1, tzinfo=UTC)
    text = f"id\ttitle\tprice\texpiration_date\njug\tJug\t12 EUR\t{at.isoformat()}\n"
    report = Report()
    (row,) = read_rows(FeedText.of(text), LAYOUT, report)
    assert read_product([row], "EUR").available
    assert report.until == at.timestamp()


def test_a_group_is_of_one_condition(read_tsv: ReadXml) -> None:
    words = ("refurbished", "https://schema.org/RefurbishedCondition", "new")
    rows = [
        {"id": f"{at}", "title": "Jug", "price": "9 EUR", "item_group_id": "jug", "condition": word}
        for at, word in enumerate(words)
    ]
    reading = read_tsv(*rows)
    assert reading.only.condition == "Refurbished"
    assert [form.id for form in reading.only.variants] == ["0", "1"]
    assert [problem.line for problem in reading.problems] == [4]


def test_an_id_is_made_to_fit_an_address_and_a_checkout_gets_it_as_it_is(
    read_tsv: ReadXml,
) -> None:
    name = "online:en:US:12/3"
    item = {"title": "Jug", "price": "12 EUR"}
    group = ({**item, "id": f"cup {size}", "item_group_id": "cup", "size": size} for size in "SL")
    jug, cup = read_tsv({**item, "id": name}, *group).products.values()
    assert (jug.id, [form.id for form in jug.forms()]) == ("online-en-US-12-3", [name])
    assert [form.id for form in cup.forms()] == ["cup S", "cup L"]


def test_an_item_on_backorder_is_sold_although_there_is_none(read_tsv: ReadXml) -> None:
    item = {"id": "jug", "title": "Jug", "price": "12 EUR", "quantity": "2"}
    ahead, there = (
        read_tsv({**item, "availability": word}).only.forms()[0].is_on_order
        for word in ("backorder", "in_stock")
    )
    assert ahead
    assert not there


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("<rss><channel><item></channel></rss>", 1, "mismatched tag"),
        ("<rss>\n<channel>\n", 3, "no element found"),
        ("<html>\n<p>&nbsp;</p></html>", 0, "is a web page"),
        ('<!DOCTYPE rss [<!ENTITY a "b">]>\n<rss>&a;</rss>', 1, "declares a document type"),
        ('<!DOCTYPE rss SYSTEM "http://127.0.0.1/x.dtd">\n<rss/>', 1, "declares a document type"),
        (f"{'<a>' * 65}{'</a>' * 65}", 1, "nested too deeply"),
        ("<rss><channel/></rss>", 0, "holds no product"),
    ],
)
def test_what_is_no_feed_is_refused_with_its_line(
    write: Write, text: str, line: int, reason: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        load_catalogs(write("feed.xml", text))
    assert caught.value.problems[0].line == line
    assert reason in caught.value.problems[0].reason


def test_a_problem_of_an_item_names_the_line_it_begins_on(read_xml: ReadXml) -> None:
    reading = read_xml(ITEM, "<g:id>mug</g:id>\n<title>Mug</title>")
    assert [(problem.line, problem.product) for problem in reading.problems] == [(5, "mug")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_a_feed_is_read_in_the_encoding_it_declares(tmp_path: Path, encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = RSS.replace("UTF-8", declared).format(items=f"<item>{ITEM}</item>")
    (tmp_path / "feed.xml").write_bytes(text.replace("Jug", "Jüg").encode(encoding))
    assert load_catalogs(tmp_path / "feed.xml").default.products["jug"].title == "Jüg"


def test_a_sale_price_of_nothing_gives_nothing_away(read_tsv: ReadXml) -> None:
    cup = {"id": "cup", "title": "Cup", "price": "9 EUR", "sale_price": "0.00 EUR"}
    read = read_tsv(cup)
    assert read.only.price == Money(Decimal(9), "EUR")
    assert read.only.compare_at is None
    assert read.problems[0].reason == "sold without its sale price of 0"


def test_the_variants_of_a_product_are_in_one_currency(read_tsv: ReadXml) -> None:
    tee = {"item_group_id": "tee", "title": "Tee"}
    read = read_tsv(
        {**tee, "id": "s", "size": "S", "price": "6 EUR"},
        {**tee, "id": "m", "size": "M", "price": "5 USD"},
    )
    assert [form.id for form in read.only.forms()] == ["s"]
    assert "is priced in USD, and others in EUR" in read.problems[0].reason
