"""Variants: what a feed lists of them, and what they make of their product."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.catalog.variants import MOST_VARIANTS, variant_id
from app.domain.catalog import Product
from tests.support.catalogs import ReadCsv, ReadJson

SHIRT = {"id": "shirt", "title": "Shirt", "price": 20, "compare_at_price": 25}
HEADER = (
    "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,"
    "Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Image"
)


def small(**fields: object) -> dict[str, object]:
    return {"id": "s", "options": {"Size": "Small"}, **fields}


def large(**fields: object) -> dict[str, object]:
    return {"id": "l", "options": {"Size": "Large"}, **fields}


def told(product: Product) -> list[tuple[str, tuple[str, ...], str, int | None, bool]]:
    return [
        (form.id, form.values, str(form.price.amount), form.stock, form.available)
        for form in product.variants
    ]


def test_variants_have_price_stock_and_availability_of_their_own(read_json: ReadJson) -> None:
    shirt = read_json(
        {**SHIRT, "variants": [small(stock=2), large(price=30, stock=0), {**large(), "id": "x"}]}
    ).only
    assert shirt.option_names == ("Size",)
    assert told(shirt) == [
        ("s", ("Small",), "20.00", 2, True),
        ("l", ("Large",), "30.00", 0, False),
        ("x", ("Large",), "20.00", None, True),
    ]
    assert shirt.options == ("Small", "Large")


def test_a_variant_without_a_price_has_that_of_the_product_with_what_it_was(
    read_json: ReadJson,
) -> None:
    variants = [small(), large(price=30)]
    cheap, dear = read_json({**SHIRT, "variants": variants}).only.variants
    assert cheap.compare_at is not None
    assert cheap.compare_at.amount == 25
    assert dear.compare_at is None


def test_a_product_is_priced_at_the_cheapest_variant_that_can_be_had(read_json: ReadJson) -> None:
    shirt = read_json({**SHIRT, "variants": [small(stock=0), large(price=30, stock=4)]}).only
    assert (shirt.price.amount, shirt.varies, shirt.compare_at) == (Decimal(30), True, None)
    assert (shirt.available, shirt.stock) == (True, 4)
    assert shirt.first_form().id == "l"


def test_where_nothing_can_be_had_it_is_priced_at_the_cheapest(read_json: ReadJson) -> None:
    shirt = read_json({**SHIRT, "variants": [large(price=30, stock=0), small(stock=0)]}).only
    assert (shirt.price.amount, shirt.available, shirt.stock) == (Decimal(20), False, 0)


def test_a_product_that_is_not_to_be_had_has_no_variant_that_is(read_json: ReadJson) -> None:
    shirt = read_json({**SHIRT, "available": False, "variants": [small(stock=3)]}).only
    assert not shirt.available
    assert not shirt.variants[0].available


def test_a_product_without_variants_is_its_only_form(read_json: ReadJson) -> None:
    shirt = read_json(SHIRT).only
    (form,) = shirt.forms()
    assert shirt.variants == ()
    assert (form.id, form.price, form.values) == ("shirt", shirt.price, ())
    assert shirt.form("shirt") == form
    assert shirt.sold_as(form) == shirt


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        ("large", "must be an object, not large"),
        ({"id": "l"}, "its options are not Size"),
        ({"id": "l", "options": {"Colour": "Red"}}, "its options are not Size"),
        ({"id": "l", "options": {"Size": " "}}, "an option says nothing"),
        ({"id": "l", "options": {"Size": 5}}, "Size must be text, not 5"),
        ({"id": "l", "options": ["Large"]}, "options must be an object"),
        (large(id="s"), "another has the id 's'"),
        (large(price="cheap"), "price 'cheap' is not a number"),
        (large(stock=1.5), "stock must be a whole number"),
    ],
)
def test_a_bad_variant_is_reported_and_costs_only_itself(
    read_json: ReadJson, variant: object, reason: str
) -> None:
    read = read_json({**SHIRT, "variants": [small(), variant]})
    assert [form.id for form in read.only.variants] == ["s"]
    assert [(issue.product, issue.line) for issue in read.problems] == [("shirt", 6)]
    assert f"variant 2 is not sold: {reason}" in read.problems[0].reason


def test_an_empty_list_of_variants_is_none(read_json: ReadJson) -> None:
    read = read_json({**SHIRT, "variants": []})
    assert not read.problems
    assert read.only.variants == ()


@pytest.mark.parametrize("variants", [{}, "all", [{"id": "x", "options": {"": "x"}}]])
def test_a_product_whose_variants_are_none_is_not_sold(
    read_json: ReadJson, variants: object
) -> None:
    read = read_json({**SHIRT, "variants": variants}, {**SHIRT, "id": "other"})
    assert list(read.products) == ["other"]
    assert read.problems


def test_a_variant_without_an_id_is_called_by_its_values(read_json: ReadJson) -> None:
    variants = [{"options": {"Size": "L / 40"}}, {"options": {"Size": "大きい"}}]
    shirt = read_json({**SHIRT, "variants": variants}).only
    assert [form.id for form in shirt.variants] == ["L-40", "大きい"]


def test_more_variants_than_a_product_may_have_are_told(read_json: ReadJson) -> None:
    sizes = [{"options": {"Size": str(size)}} for size in range(MOST_VARIANTS + 9)]
    read = read_json({**SHIRT, "variants": sizes})
    assert len(read.only.variants) == MOST_VARIANTS
    assert f"sold in {MOST_VARIANTS} variants" in read.problems[0].reason


def test_a_picture_of_a_variant_is_shown_with_it_alone(read_json: ReadJson) -> None:
    remote = "https://a.example/s.jpg"
    shirt = read_json(
        {**SHIRT, "image": "https://a.example/a.jpg", "variants": [small(image=remote), large()]}
    ).only
    shown = [shirt.sold_as(form).picture for form in shirt.variants]
    assert [picture and (picture.url, picture.alt) for picture in shown] == [
        (remote, "Shirt, Small"),
        ("https://a.example/a.jpg", "Shirt"),
    ]


def test_the_rows_of_an_export_are_variants_in_all_their_options(read_csv: ReadCsv) -> None:
    shirt = read_csv(
        HEADER,
        "shirt,Shirt,Size,S,Colour,Red,,3,20,25,https://a.example/red.jpg",
        "shirt,,,S,,Blue,,0,20,,",
        "shirt,,,L,,Red,SH-L/R,2,30,,",
    ).only
    assert shirt.option_names == ("Size", "Colour")
    assert told(shirt) == [
        ("S-Red", ("S", "Red"), "20.00", 3, True),
        ("S-Blue", ("S", "Blue"), "20.00", 0, False),
        ("SH-L/R", ("L", "Red"), "30.00", 2, True),
    ]
    assert [form.compare_at and form.compare_at.amount for form in shirt.variants] == [
        Decimal(25),
        None,
        None,
    ]
    assert shirt.options == ("S", "L", "Red", "Blue")
    first = shirt.variants[0].picture
    assert first is not None
    assert (first.url, first.alt) == ("https://a.example/red.jpg", "Shirt, S / Red")


def test_shopifys_own_ids_are_kept_where_an_export_has_them(read_csv: ReadCsv) -> None:
    header = "Handle,Title,Variant ID,Option1 Name,Option1 Value,Variant SKU,Variant Price"
    read = read_csv(
        header,
        "shirt,Shirt,4411,Size,S,A,20",
        "shirt,,4412,,L,A,20",
        "cup,Cup,77,Title,Default Title,,9",
    )
    shirt, cup = read.products.values()
    assert [form.id for form in shirt.variants] == ["4411", "4412"]
    assert [(form.id, form.values) for form in cup.forms()] == [("77", ())]


def test_a_variant_keeps_the_id_that_a_checkout_knows_it_by_to_the_letter(
    read_json: ReadJson,
) -> None:
    named = "UHJvZHVjdFZhcmlhbnQ6MQ=="
    mug = read_json({**SHIRT, "variants": [{"id": named}, {"id": "A 1/2"}]}).only
    assert [form.id for form in mug.variants] == [named, "A 1/2"]


def test_what_goes_on_selling_is_sold_beyond_its_stock(read_csv: ReadCsv) -> None:
    header = "Handle,Title,Variant Inventory Qty,Variant Inventory Policy,Variant Price"
    read = read_csv(header, "cup,Cup,3,continue,9", "jug,Jug,3,deny,9")
    assert [item.forms()[0].backorder for item in read.products.values()] == [True, False]


def test_a_variant_whose_picture_may_not_be_shown_is_sold_without(read_csv: ReadCsv) -> None:
    read = read_csv(HEADER, "shirt,Shirt,Size,S,,,,3,20,,http://a.example/red.jpg")
    assert read.only.variants[0].picture is None
    assert "shown without its picture" in read.problems[0].reason


@pytest.mark.parametrize(
    ("taken", "names", "made"),
    [
        ((), ("", " / ", "Small"), "Small"),
        (("Small",), ("Small",), "Small-2"),
        (("a", "a-2"), ("a",), "a-3"),
        ((), ("", "---"), "variant"),
        ((), ("x" * 300,), "x" * 100),
    ],
)
def test_an_id_is_the_first_name_that_says_something_and_taken_by_nobody(
    taken: tuple[str, ...], names: tuple[str, ...], made: str
) -> None:
    assert variant_id(taken, *names) == made
