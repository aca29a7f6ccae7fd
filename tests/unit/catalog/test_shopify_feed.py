from __future__ import annotations

import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest

from app.catalog.feed_text import FeedText
from app.catalog.load import load_catalogs
from app.catalog.problems import CatalogError, Report
from app.catalog.rows import read_rows
from app.catalog.shopify_feed import LAYOUT
from tests.support.catalogs import ReadCsv, Write

HEADER = "Handle,Title,Variant Price"
FULL = (
    "Handle,Title,Option1 Value,Variant Inventory Tracker,Variant Inventory Qty,"
    "Variant Inventory Policy,Variant Price,Variant Compare At Price"
)


def test_the_lowest_variant_sets_the_price_and_says_that_others_cost_more(
    read_csv: ReadCsv,
) -> None:
    product = read_csv(HEADER, "mug,Mug,12", "mug,,9.50", "mug,,15").only
    assert product.price.amount == Decimal("9.50")
    assert product.varies


def test_variants_at_one_price_do_not_vary(read_csv: ReadCsv) -> None:
    assert not read_csv(HEADER, "mug,Mug,12.00", "mug,,12").only.varies


def test_a_row_without_a_price_is_no_price(read_csv: ReadCsv) -> None:
    read = read_csv(HEADER, "mug,Mug,12", "mug,,", "cup,Cup,")
    assert read.only.price.amount == 12
    assert [(problem.line, problem.product) for problem in read.problems] == [(4, "cup")]


def test_a_thing_may_be_free(read_csv: ReadCsv) -> None:
    assert read_csv(HEADER, "mug,Mug,0.00").only.price.amount == 0


def test_a_product_is_compared_at_what_its_cheapest_variant_cost(read_csv: ReadCsv) -> None:
    product = read_csv(FULL, "mug,Mug,Big,,,,20,40", "mug,,Small,,,,10,15").only
    assert product.compare_at is not None
    assert product.compare_at.amount == 15


@pytest.mark.parametrize("before", ["", "10", "9"])
def test_a_price_that_is_no_lower_is_no_reduction(read_csv: ReadCsv, before: str) -> None:
    assert read_csv(FULL, f"mug,Mug,,,,,10,{before}").only.compare_at is None


@pytest.mark.parametrize(
    ("cells", "available", "stock"),
    [
        ("shopify,3,deny", True, 3),
        ("shopify,0,deny", False, 0),
        ("shopify,-2,deny", False, 0),
        ("shopify,0,continue", True, 0),
        ("shopify,0,CONTINUE", True, 0),
        ("shopify,,deny", True, None),
        ("shopify,many,deny", True, None),
        (",0,deny", False, 0),
        (",0,continue", True, 0),
        (",4,deny", True, None),
    ],
)
def test_availability_follows_tracker_quantity_and_policy(
    read_csv: ReadCsv, cells: str, stock: int | None, *, available: bool
) -> None:
    product = read_csv(FULL, f"mug,Mug,,{cells},10,").only
    assert (product.available, product.stock) == (available, stock)


def test_without_a_tracker_column_the_quantity_counts(read_csv: ReadCsv) -> None:
    read = read_csv(f"{HEADER},Variant Inventory Qty", "mug,Mug,10,0", "cup,Cup,9,2", "cup,,9,3")
    assert (read.products["mug"].available, read.products["mug"].stock) == (False, 0)
    assert (read.products["cup"].available, read.products["cup"].stock) == (True, 5)


def test_one_variant_in_stock_is_enough(read_csv: ReadCsv) -> None:
    rows = ("mug,Mug,Big,shopify,0,deny,10,", "mug,,Small,shopify,1,deny,10,")
    product = read_csv(FULL, *rows).only
    assert (product.available, product.stock) == (True, 1)
    assert product.options == ("Big", "Small")


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ("Published", "false"),
        ("Published", "FALSE"),
        ("Published on online store", "FALSE"),
        ("Status", "draft"),
        ("Status", "Archived"),
        ("Published,Status", "true,draft"),
    ],
)
def test_what_the_merchant_does_not_offer_is_neither_sold_nor_a_problem(
    read_csv: ReadCsv, columns: str, cells: str
) -> None:
    empty = "," * columns.count(",")
    read = read_csv(f"{HEADER},{columns}", f"mug,Mug,9,{cells}", f"cup,Cup,8,{empty}")
    assert list(read.products) == ["cup"]
    assert read.problems == ()


def test_a_status_that_shopify_does_not_have_is_not_taken_for_active(read_csv: ReadCsv) -> None:
    read = read_csv(f"{HEADER},Status", "mug,Mug,9,darft", "cup,Cup,8,active")
    assert list(read.products) == ["cup"]
    assert "darft" in read.problems[0].reason


@pytest.mark.parametrize(
    ("kind", "tree", "tags", "category"),
    [
        ("Lamps", "Home > Lighting", "new", "Lamps"),
        ("", "Home & Garden > Lighting", "new", "Lighting"),
        ("", "", "women, new", "Women"),
        ("", "", "men's wear", "Men's Wear"),
        ("", "", "", "Everything"),
    ],
)
def test_the_category_is_the_type_else_the_narrowest_category_else_the_first_tag(
    read_csv: ReadCsv, kind: str, tree: str, tags: str, category: str
) -> None:
    row = f'mug,Mug,9,{kind},{tree},"{tags}"'
    assert read_csv(f"{HEADER},Type,Product Category,Tags", row).only.category == category


def test_the_picture_is_the_one_with_the_lowest_position(read_csv: ReadCsv) -> None:
    picture = read_csv(
        f"{HEADER},Image Src,Image Position,Image Alt Text",
        "mug,Mug,9,https://a.example/2.jpg,2,Side",
        "mug,,,https://A.example:8443/1.jpg?v=1,1,Front",
    ).only.picture
    assert picture is not None
    assert (picture.url, picture.alt) == ("https://a.example:8443/1.jpg?v=1", "Front")


def test_a_picture_that_may_not_be_shown_is_reported_and_the_next_one_taken(
    read_csv: ReadCsv,
) -> None:
    read = read_csv(
        f"{HEADER},Image Src,Image Position",
        "mug,Mug,9,http://a.example/1.jpg,1",
        "mug,,,https://a.example/2.jpg,2",
    )
    assert read.only.picture is not None
    assert read.only.picture.alt == "Mug"
    assert [problem.line for problem in read.problems] == [2]


def test_the_newer_export_reads_as_the_older_one_does(read_csv: ReadCsv) -> None:
    read = read_csv(
        "Title,URL handle,Description,Vendor,Product category,Tags,Published on online store,"
        "Status,Option1 value,Price,Compare-at price,Inventory tracker,Inventory quantity,"
        "Continue selling when out of stock,Product image URL,Image position,Image alt text",
        "Mug,mug,<p>Deep &amp; blue</p>,Kiln,Home > Mugs,blue,TRUE,Active,Big,9,12,shopify,0,"
        "CONTINUE,https://a.example/m.jpg,1,A mug",
    )
    product = read.only
    assert (product.id, product.title, product.category) == ("mug", "Mug", "Mugs")
    assert (product.description, product.available, product.stock) == ("Deep & blue", True, 0)
    assert product.compare_at is not None
    assert product.picture is not None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("cup,Cup", "has 2 cells, and the header 3"),
        ("cup,Cup,9,9", "has 4 cells, and the header 3"),
        (",Cup,9", "has no handle"),
        ("cup,,9", "has no title, nor has another row with this handle"),
        ("cup,Cup,", "has no price"),
        ("cup,Cup,cheap", "price 'cheap' is not a number"),
        ("cup,Cup,-1", "price is negative"),
        ("cup,Cup,NaN", "price 'NaN' is not a number"),
        ("cup,Cup,1e3", "price '1e3' is not a number"),
        ("cup,Cup,99999999999", "price is above 1000000000"),
        ("cup,Cup,0.001", "price is less than 0.01"),
        ('cup,Cup,"1,234"', "price '1,234' is not a number"),
        ("../cup,Cup,9", "id '../cup' is not letters, digits, dots and hyphens"),
        ("cup,<b></b>\u200b,9", "has no title"),
        ('cup,"Cup"x,9', "is not CSV: ',' expected after '\"'"),
        ("mug,Another mug,1", "another product has this handle"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_costs_only_itself(
    read_csv: ReadCsv, row: str, reason: str
) -> None:
    read = read_csv(HEADER, 'mug,"Mug\nfor two",12', row, "jug,Jug,20")
    assert list(read.products) == ["mug", "jug"]
    assert read.products["mug"].price.amount == 12
    assert any(problem.line == 4 and reason in problem.reason for problem in read.problems)


def test_a_variant_with_a_bad_price_costs_only_the_variant(read_csv: ReadCsv) -> None:
    read = read_csv(FULL, "mug,Mug,Big,,,,x,", "mug,,Small,,,,8,", "mug,,Huge,,,,,")
    assert read.only.price.amount == 8
    assert read.only.options == ("Small",)
    assert [problem.line for problem in read.problems] == [2, 4]


@pytest.mark.parametrize("after", ["jug,Jug,20", 'jug,"Jug",20', 'jug,"Jug\nof salt",20'])
def test_a_quote_that_never_closes_costs_its_line_alone(read_csv: ReadCsv, after: str) -> None:
    read = read_csv(HEADER, "mug,Mug,12", 'cup,"Cup,9', after)
    assert list(read.products) == ["mug", "jug"]
    assert [problem.line for problem in read.problems] == [3]


def test_quotes_left_open_are_not_followed_for_ever() -> None:
    report = Report()
    text = HEADER + "\n" + 'a",b,"\n' * 2_000
    assert list(read_rows(FeedText.of(text), LAYOUT, report)) == []
    assert "what follows is not read" in report.problems()[-1].reason


@pytest.mark.parametrize("filling", ["x", "\n", "x\n"])
def test_a_cell_of_any_size_costs_no_product_and_what_is_cut_is_reported_by_handle(
    read_csv: ReadCsv, filling: str
) -> None:
    body = f"Clay. {(filling * 140_000)[:140_000]} Baked."
    read = read_csv(f"{HEADER},Body (HTML)", f'jar,Jar,9,"{body}"', "mug,Mug,12,Tin.")
    assert [item.id for item in read.products.values()] == ["jar", "mug"]
    assert read.products["jar"].description.startswith("Clay.")
    assert len(read.products["jar"].description) <= 4_000
    assert [(issue.line, issue.product) for issue in read.problems] == [(2, "jar")]
    assert "description cut at 4000" in read.problems[0].reason


def test_a_title_beyond_its_bound_is_cut_and_reported(read_csv: ReadCsv) -> None:
    read = read_csv(HEADER, f"cup,{'x' * 200_000},9")
    assert read.only.title == "x" * 200
    assert "title cut at 200" in read.problems[0].reason


@pytest.mark.parametrize(
    "lines",
    [
        ["Handle;Title;Variant Price", "mug;Mug;12", 'cup;"Cup; tin";9'],
        ["sep=;", "Handle;Title;Variant Price", "mug;Mug;12", 'cup;"Cup; tin";9'],
        ['"sep=,"', "Handle,Title,Variant Price", "mug,Mug,12", 'cup,"Cup; tin",9'],
        ["SEP=^", "Handle^Title^Variant Price", "mug^Mug^12", "cup^Cup; tin^9"],
        ["", "Handle\tTitle\tVariant Price", "mug\tMug\t12", "cup\tCup; tin\t9"],
        ["Handle|Title|Variant Price", "mug|Mug|12", "cup|Cup; tin|9"],
        ['"Handle";"Title";"Variant, Price"', '"mug";"Mug";"12"', '"cup";"Cup; tin";"9"'],
        ["Handle,Title,Variant Price", "mug,Mug\0,12", "cup,Cup; \0tin,9"],
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_an_export_is_read_whatever_stands_between_its_cells_and_its_signs(
    tmp_path: Path, lines: list[str], encoding: str
) -> None:
    path = tmp_path / "shop.csv"
    path.write_bytes("\r\n".join(lines).encode(encoding))
    catalogs = load_catalogs(path)
    sold = [
        (item.id, item.title, str(item.price.amount)) for item in catalogs.default.products.values()
    ]
    assert sold == [("mug", "Mug", "12.00"), ("cup", "Cup; tin", "9.00")]
    assert catalogs.problems["shop"] == ()


def test_a_line_is_counted_from_the_start_of_the_file_after_a_hint_too(read_csv: ReadCsv) -> None:
    read = read_csv("sep=;", HEADER.replace(",", ";"), "mug;Mug;12", "cup;;9;9")
    assert [issue.line for issue in read.problems] == [4]


def test_columns_are_known_by_their_letters(read_csv: ReadCsv) -> None:
    read = read_csv(
        " HANDLE ,title,Body HTML,Variant Compare-at Price,VARIANT_PRICE,Image SRC",
        "m,Mug,<p>Good honest clay</p>,20,10,https://a.example/m.jpg",
    )
    assert read.only.description == "Good honest clay"
    assert read.only.compare_at is not None
    assert read.only.compare_at.amount == 20
    assert read.only.price.amount == 10
    assert read.only.picture is not None


@pytest.mark.parametrize(
    ("written", "stock"),
    [("0.0", 0), ("0,0", 0), ("7.0", 7), ("7,00", 7), ("-1.0", 0), ("7.5", None), ("1.000", None)],
)
def test_whole_numbers_are_read_as_scripts_and_spreadsheets_write_them(
    read_csv: ReadCsv, written: str, stock: int | None
) -> None:
    read = read_csv(f"{HEADER},Variant Inventory Qty", f'mug,Mug,9,"{written}"')
    assert (read.only.stock, read.only.available) == (stock, stock != 0)
    assert [issue.line for issue in read.problems] == ([2] if stock is None else [])


def test_pictures_keep_their_order_where_positions_have_a_point(read_csv: ReadCsv) -> None:
    read = read_csv(
        f"{HEADER},Image Src,Image Position",
        "mug,Mug,9,https://a.example/2.jpg,2.0",
        'mug,,,https://a.example/1.jpg,"1,0"',
    )
    assert read.only.picture is not None
    assert read.only.picture.url == "https://a.example/1.jpg"
    assert read.problems == ()


@pytest.mark.parametrize(
    ("written", "amount"), [("9,99", "9.99"), ("9,9", "9.9"), ("9.99", "9.99")]
)
def test_a_price_may_have_a_decimal_comma(read_csv: ReadCsv, written: str, amount: str) -> None:
    read = read_csv(HEADER.replace(",", ";"), f"mug;Mug;{written}")
    assert read.only.price.amount == Decimal(amount)


NO = """FALSCH FAUX FALSO NIE いいえ ONWAAR falskt FAŁSZ YANLIŞ HAMIS ЛОЖЬ ΨΕΥΔΗΣ لا 否 0,0 ＦＡＬＳＥ
"""  # noqa: RUF001
YES = "WAHR VRAI VERDADERO VERO WAAR SANT PRAWDA DOĞRU IGAZ ИСТИНА ΑΛΗΘΗΣ はい نعم 是 1.0 Sí"


@pytest.mark.parametrize("word", NO.split())
def test_no_in_any_language_is_not_sold_and_no_problem(read_csv: ReadCsv, word: str) -> None:
    read = read_csv(f"{HEADER},Published", f'cup,Cup,9,"{word}"', "mug,Mug,12,TRUE")
    assert list(read.products) == ["mug"]
    assert read.problems == ()


@pytest.mark.parametrize("word", YES.split())
def test_yes_in_any_language_is_sold(read_csv: ReadCsv, word: str) -> None:
    read = read_csv(f"{HEADER},Published", f'cup,Cup,9,"{word}"')
    assert (list(read.products), read.problems) == (["cup"], ())


@pytest.mark.parametrize("word", ["maybe", "FALSHC", "x", "2", "-", "#WERT!", "yes and no"])
def test_a_word_that_is_neither_yes_nor_no_publishes_nothing_and_is_reported(
    read_csv: ReadCsv, word: str
) -> None:
    read = read_csv(f"{HEADER},Published", f"cup,Cup,9,{word}", "mug,Mug,12,TRUE")
    assert list(read.products) == ["mug"]
    assert [(issue.line, issue.product) for issue in read.problems] == [(2, "cup")]
    assert f"published {word!r} is neither yes nor no" in read.problems[0].reason


@pytest.mark.parametrize(
    ("policy", "available", "lines"),
    [("WAHR", True, []), ("FAUX", False, []), ("always", False, [2]), ("", False, [])],
)
def test_what_sells_on_beyond_its_stock_is_told_in_any_language(
    read_csv: ReadCsv, policy: str, lines: list[int], *, available: bool
) -> None:
    read = read_csv(FULL, f"mug,Mug,,shopify,0,{policy},10,")
    assert read.only.available is available
    assert [issue.line for issue in read.problems] == lines


@pytest.mark.parametrize(
    "handle",
    [
        "น้ำชา",
        "हिन्दी-किताब",
        "çay-bardağı",  # noqa: RUF001
        "日本茶",
        "cre\u0300me-bru\u0302le\u0301e",
        "acme®-mug",
        "®-mug",
        "mug™",
        "tasse-№-2",
        "mug-☕️",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467-set",
        "کتاب\u200cها",  # noqa: RUF001
        "l·l-cup",
        "tasse’s",  # noqa: RUF001
    ],
)
def test_a_handle_of_any_script_is_sold_under_its_composed_form(
    read_csv: ReadCsv, handle: str
) -> None:
    read = read_csv(HEADER, f"{handle},Mug,9", f"{handle},,8")
    assert read.problems == ()
    assert read.only.id == unicodedata.normalize("NFC", handle)
    assert read.only.varies


def test_rows_of_one_product_belong_together_however_its_handle_is_composed(
    read_csv: ReadCsv,
) -> None:
    read = read_csv(HEADER, "caf\u00e9,Mug,9", "cafe\u0301,,8")
    assert (read.only.id, read.only.varies, read.problems) == ("caf\u00e9", True, ())


@pytest.mark.parametrize(
    "handle", ["a/b", "a b", "a?b", "a#b", "a%2fb", ".b", "-b", "<b", "a|b", "a\\b"]
)
def test_a_handle_that_no_address_can_hold_is_reported(read_csv: ReadCsv, handle: str) -> None:
    read = read_csv(HEADER, f"{handle},Mug,9", "cup,Cup,9")
    assert list(read.products) == ["cup"]
    assert [issue.line for issue in read.problems] == [2]


@pytest.mark.parametrize(
    ("kind", "tree", "tags", "category"),
    [
        ("", "Uncategorized", "clay, blue", "Clay"),
        ("Uncategorized", "Home > Mugs", "", "Mugs"),
        ("", "UNCATEGORISED", "", "Everything"),
        ("Non classé", "Uncategorized", "uncategorized", "Everything"),
        ("未分類", "", "new", "New"),
    ],
)
def test_a_shop_systems_word_for_no_category_is_none(
    read_csv: ReadCsv, kind: str, tree: str, tags: str, category: str
) -> None:
    row = f'mug,Mug,9,{kind},{tree},"{tags}"'
    assert read_csv(f"{HEADER},Type,Product Category,Tags", row).only.category == category


def test_one_category_in_several_cases_is_one(read_csv: ReadCsv) -> None:
    rows = ("a,A,9,Mugs", "b,B,9,MUGS", "c,C,9,mugs", "d,D,9,Straße", "e,E,9,STRASSE")
    read = read_csv(f"{HEADER},Type", *rows)
    assert read.shop.categories() == ("Mugs", "Straße")
    assert [item.category for item in read.products.values()].count("Mugs") == 3


def test_rows_left_empty_by_a_spreadsheet_are_passed_over(read_csv: ReadCsv) -> None:
    read = read_csv(HEADER, "", "mug,Mug,12", ",,", "")
    assert list(read.products) == ["mug"]
    assert read.problems == ()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way_and_a_byte_order_mark_may_begin_them(
    write: Write, ending: str
) -> None:
    text = "\ufeff" + ending.join([HEADER, "mug,Mug,12", "bad", ""])
    catalogs = load_catalogs(write("shop.csv", text))
    assert list(catalogs.default.products) == ["mug"]
    assert [problem.line for problem in catalogs.problems["shop"]] == [3]


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("Title,Variant Price", "the column Handle"),
        ("Handle,Variant Price", "the column Title"),
        ("SKU,Price", "the column Handle and the column Title"),
        ("Handle:Title:Variant Price", "the column Handle"),
    ],
)
def test_a_file_without_a_column_it_needs_is_refused_by_that_name(
    write: Write, header: str, named: str
) -> None:
    with pytest.raises(CatalogError, match=named):
        load_catalogs(write("shop.csv", f"{header}\nmug,Mug,9\n"))


@pytest.mark.parametrize(
    ("file", "id_", "name"),
    [
        ("shopify-home-and-garden.csv", "shopify-home-and-garden", "Home and Garden"),
        ("The_Corner Shop.csv", "the-corner-shop", "The Corner Shop"),
        ("oak-and-sons/products_export_1 (2).csv", "products-export-1-2", "Oak and Sons"),
        ("oak-and-sons/catalog.txt", "catalog", "Oak and Sons"),
        ("本.csv", "shop", "本"),
    ],
)
def test_the_shop_is_named_after_its_file(
    read_csv: ReadCsv, file: str, id_: str, name: str
) -> None:
    read = read_csv(HEADER, "mug,Mug,9", name=file)
    assert (read.shop.id, read.shop.name) == (id_, name)


def test_the_currency_is_the_installations(write: Write) -> None:
    path: Path = write("shop.csv", f"{HEADER}\nmug,Mug,9\n")
    catalogs = load_catalogs(path, currency="CHF")
    assert catalogs.default.products["mug"].price.currency == "CHF"
    with pytest.raises(CatalogError, match="three capital letters"):
        load_catalogs(path, currency="francs")


def test_rows_above_that_of_their_product_are_its_variants(read_csv: ReadCsv) -> None:
    header = "Handle,Title,Option1 Name,Option1 Value,Variant Price"
    read = read_csv(header, "tee,,,S,5", "tee,Tee,Size,M,6", "tee,,,L,7")
    assert read.problems == ()
    assert read.only.option_names == ("Size",)
    assert [form.values for form in read.only.variants] == [("M",), ("S",), ("L",)]


def test_rows_below_another_product_of_their_handle_are_not_of_the_first(read_csv: ReadCsv) -> None:
    read = read_csv(HEADER, "tee,Tee,5", "tee,Mug,6", "tee,,7")
    assert [form.price.amount for form in read.only.forms()] == [5]
    assert [problem.line for problem in read.problems] == [3, 4]


def test_stock_by_place_is_added_up(read_csv: ReadCsv) -> None:
    places = "Inventory Available: Kiel,Inventory Available Adjust: Kiel,inventory available: Ulm"
    tracked = "Variant Inventory Tracker"
    read = read_csv(
        f"{HEADER},Option1 Value,{tracked},{places}",
        "tee,Tee,5,S,shopify,3,9,4",
        "tee,,5,M,shopify,0,9,-2",
        "tee,,5,L,shopify,,9,",
    )
    assert [form.stock for form in read.only.variants] == [7, 0, None]
    assert [form.available for form in read.only.variants] == [True, False, True]


def test_of_two_variants_that_nothing_tells_apart_the_first_is_sold(read_csv: ReadCsv) -> None:
    header = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price"
    read = read_csv(header, "tee,Tee,Size,S,a,5", "tee,,,S,b,6", "tee,,,M,c,6")
    assert [form.id for form in read.only.variants] == ["a", "c"]
    assert [problem.reason for problem in read.problems] == [
        "variant is not sold: another is 'S' too"
    ]


def test_a_failed_formula_is_no_title(read_csv: ReadCsv) -> None:
    read = read_csv(HEADER, "cup,#N/A,5", "mug,#1 Mug,6")
    assert list(read.products) == ["mug"]
    assert [problem.line for problem in read.problems] == [2]
