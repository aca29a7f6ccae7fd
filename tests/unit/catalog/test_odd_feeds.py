# ruff: noqa: RUF001 - digits and letters of many scripts are what is read here
"""Feeds as other systems, spreadsheets and strangers leave them: read, or refused for what it is.

Each case is a file, what is sold of it (id: title, price, whether it can be had), and what is said.
"""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
import zlib
from pathlib import Path
from typing import NamedTuple

import pytest

from app.catalog import feed_text
from app.catalog.feed_text import LARGEST_FILE, size_of
from app.catalog.load import load_catalogs
from app.catalog.problems import CatalogError

Sold = dict[str, tuple[str, str, bool]]
MUG: Sold = {"mug": ("Mug", "9.00", True)}
HEAD = "Handle,Title,Published,Variant Inventory Qty,Variant Price\n"


class Case(NamedTuple):
    name: str
    content: str | bytes
    sold: Sold
    reason: str = ""


def table(
    *, title: str = "Mug", published: str = "TRUE", quantity: str = "3", price: str = "9"
) -> str:
    cells = ("mug", title, published, quantity, price)
    return HEAD + ",".join(f'"{cell}"' for cell in cells) + "\nlast,Last,TRUE,1,1\n"


def xml(item: str = "", declared: str = "", *, title: str = "Mug", price: str = "9.00 EUR") -> str:
    given = f"<g:id>mug</g:id><g:title>{title}</g:title><g:price>{price}</g:price>{item}"
    head = f'<?xml version="1.0"{f" encoding={declared!r}" if declared else ""}?>'
    named = 'xmlns:g="http://base.google.com/ns/1.0"'
    return f"{head}<rss {named}><channel><item>{given}</item></channel></rss>"


def catalog(**product: object) -> str:
    return json.dumps({"products": [{"id": "mug", "title": "Mug", "price": 9, **product}]})


HIDDEN = [
    "AUS",
    "ＦＡＬＳＥ",
    "FALTSUA",
    "ÓSATT",
    "НЕТАЧНО",
    "نادرست",
    "خیر",
    "✗",
    "off",
    "Inaktiv",
    "=FALSE()",
    "'FALSE",
    "nein.",
]
UNCLEAR = ("maybe", "2", "hамис", "–", "TRUE FALSE", "\u202eeurt")
SHOWN = ["EGIA", "SATT", "ТАЧНО", "درست", "بله", "✓", "on", "Aktiv", "=TRUE()", "'TRUE", "ＴＲＵＥ"]
COUNTS = {
    **dict.fromkeys(("٣", "３", "۳", "3\u00a0", "+3", "1 000", "1'000", "1\u202f000"), True),
    **dict.fromkeys(("٠", "０", "०", "-0", "−3", "0,0"), False),
}
PRICES = {
    **dict.fromkeys(("1,234.50", "1.234,50", "1 234.50", "1'234,5", "1\u202f234,50"), "1234.50"),
    **dict.fromkeys(("٩٫٩٩", "９.９９", "۹.۹۹", "9,99\u00a0"), "9.99"),
    **dict.fromkeys(("1,234,567", "1 234 567"), "1234567.00"),
    **dict.fromkeys(("$1,299.00", "1 299,00 US$", "USD 1299", "1.299,00 $"), "1299.00"),
}
NO_PRICES = (
    "1,234",
    "1.2345.6",
    "12,34.5",
    "1,23,456",
    "0x10",
    "9,-",
    "free",
    "(5.00)",
    "€9",
    "9 EUR",
    "$",
    "$9$",
    "-$9",
    "NaN",
)
LAST: Sold = {"last": ("Last", "1.00", True)}

WORDS = [
    *(Case("s.csv", table(published=word), LAST) for word in HIDDEN),
    *(Case("s.csv", table(published=word), LAST, "is neither yes nor no") for word in UNCLEAR),
    *(Case("s.csv", table(published=word), MUG | LAST) for word in SHOWN),
]
NUMBERS = [
    *(
        Case("s.csv", table(quantity=text), {"mug": ("Mug", "9.00", there)} | LAST)
        for text, there in COUNTS.items()
    ),
    *(
        Case("s.csv", table(price=text), {"mug": ("Mug", price, True)} | LAST)
        for text, price in PRICES.items()
    ),
    *(Case("s.csv", table(price=text), LAST, "is not a number") for text in NO_PRICES),
    Case("s.csv", table(price="1.234"), LAST, "price '1.234' may be thousands"),
    Case("s.json", catalog(price="19.990"), {}, "price '19.990' may be thousands"),
    Case("s.json", catalog(price=12.345), {"mug": ("Mug", "12.35", True)}),
    Case("s.xml", xml(price="1.250 KWD"), {"mug": ("Mug", "1.250", True)}),
    Case("s.xml", xml(price="1.255 KWD"), {"mug": ("Mug", "1.255", True)}),
    Case("s.xml", xml(price="1.2555 KWD"), {"mug": ("Mug", "1.256", True)}),
    Case("s.xml", xml(price="0.0004 KWD"), {}, "is less than 0.001"),
    *(
        Case(
            "s.xml", xml(f"<g:availability>{word}</g:availability><g:quantity>0</g:quantity>"), MUG
        )
        for word in ("preorder", "pre-order", "backorder", "https://schema.org/PreOrder")
    ),
    Case(
        "s.xml",
        xml("<g:subscription_cost><g:amount>35 EUR</g:amount></g:subscription_cost>", price="0"),
        {},
        "is paid by subscription",
    ),
    Case("s.tsv", "g:id\tg:title\tg:price\nmug\tMug\t9 EUR\t\t\n", MUG),
    Case("s.csv", table(price="0.999"), {"mug": ("Mug", "1.00", True)} | LAST),
    Case("s.json", '{"products": [{"id": "mug", "title": "Mug", "price": 9e0}]}', MUG),
    Case(
        "s.json",
        f'{{"products": [{{"id": "m", "title": "M", "price": {"9" * 99_999}}}]}}',
        {},
        "above",
    ),
    Case("s.json", catalog(price=1e308), {}, "price is above"),
    Case("s.xml", xml(price="1.234,50 EUR"), {"mug": ("Mug", "1234.50", True)}),
    Case("s.xml", xml(price="٩٫٩٩ EUR"), {"mug": ("Mug", "9.99", True)}),
    Case("s.xml", xml("<g:sale_price>5 USD</g:sale_price>"), {}, "in EUR, and sale price in USD"),
]
TEA: Sold = {"mug": ("Thé", "9.00", True), **LAST}
THE = table(title="Thé")
ENCODED = [
    *(
        Case("s.csv", THE.encode(name), TEA)
        for name in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig")
    ),
    Case("s.csv", b"\xef\xbb\xbf\xef\xbb\xbf" + THE.encode(), TEA),
    Case("s.csv", THE.encode("cp1252"), TEA, "is read as Windows-1252"),
    Case("s.csv", THE.encode("mac_roman"), {}, "line 2: is not UTF-8 text"),
    Case("s.csv", THE.replace("\n", "\r"), TEA),
    Case("s.csv", THE.replace("T", "T\0"), TEA),
    Case("s.csv", gzip.compress(THE.encode()), TEA),
    Case("s.csv", gzip.compress(THE.encode())[:-9], {}, "its end is missing"),
    Case("s.csv", b"\x1f\x8b" + b"x" * 99, {}, "is packed, and damaged"),
    Case("s.json", gzip.compress(catalog().encode()), MUG),
    Case(
        "s.json",
        catalog(title="Thé").encode("latin-1").replace(b"\\u00e9", b"\xe9"),
        {},
        "is not UTF-8",
    ),
    *(
        Case(
            "s.xml", xml(declared=name, title="マグ").encode(name), {"mug": ("マグ", "9.00", True)}
        )
        for name in ("Shift_JIS", "EUC-JP", "UTF-8", "UTF-16")
    ),
    Case(
        "s.xml",
        xml(declared="windows-1251", title="Кружка").encode("cp1251"),
        {"mug": ("Кружка", "9.00", True)},
    ),
    Case("s.xml", xml(declared="x-nobody", title="Mug"), MUG),
    Case("s.xml", xml(declared="x-nobody", title="Thé").encode("cp1252"), {}, "is not UTF-8 text"),
    Case("s.xml", xml(declared="UTF-16"), MUG),
    Case("s.xml", xml(declared="UTF-8").encode("utf-16"), MUG),
    Case("s.xml", b"\xef\xbb\xbf \n" + xml().encode(), MUG),
    Case("s.xml", gzip.compress(xml().encode()), MUG),
]
ATTRIBUTES = " ".join(f"a{at}='1'" for at in range(20_000))
MARKED = [
    Case("s.xml", xml(title="M&nbsp;u&eacute;"), {"mug": ("M ué", "9.00", True)}),
    Case("s.xml", xml(title="M\x0bu\x08g"), {"mug": ("Mug", "9.00", True)}),
    Case("s.xml", xml(title="<![CDATA[<b>M</b>ug]]>"), MUG),
    Case("s.xml", xml().replace(' xmlns:g="http://base.google.com/ns/1.0"', ""), MUG),
    Case(
        "s.xml",
        xml("<g:availability>https://schema.org/OutOfStock</g:availability>"),
        {"mug": ("Mug", "9.00", False)},
    ),
    Case("s.xml", xml("<g:availability>In_Stock</g:availability>"), MUG),
    Case("s.xml", xml("<g:availability>auf Lager</g:availability>"), {}, "'auf Lager'"),
    Case(
        "s.xml",
        '<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><rss>&b;</rss>',
        {},
        "document type",
    ),
    Case(
        "s.xml",
        '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss>&a;</rss>',
        {},
        "document type",
    ),
    Case("s.xml", "<a>" * 100_000, {}, "is nested too deeply"),
    Case(
        "s.xml",
        f"<rss {ATTRIBUTES}><channel/></rss>",
        {},
        "no product",
    ),
    Case("s.xml", xml()[:-40], {}, "line 1: column"),
]
MISNAMED = [
    Case("s.csv", catalog(), {}, "is JSON, whatever its name says"),
    Case("s.csv", xml(), {}, "is XML, whatever its name says"),
    *(
        Case(name, "<!DOCTYPE HTML><p>Log in", {}, "is a web page")
        for name in ("s.csv", "s.json", "s.xml")
    ),
    Case("s.json", table(), {}, "expected '{'"),
]
SHAPED = [
    Case("s.csv", HEAD.strip() + ",x" * 2_000 + "\nmug,Mug,,3,9" + "," * 2_000, MUG),
    Case("s.csv", table(title="x" * 1_000_000)[:-20], {"mug": ("x" * 200, "9.00", True)}, "title cut at 200"),
    Case("s.csv", table(title="Mug" + "<div>" * 200_000), MUG | LAST, "title cut at 200"),
    Case("s.csv", HEAD + "x\n" * 2_000 + "mug,Mug,,3,9", MUG, "1500 more problems are not listed: has 1 cells"),
    Case("s.csv", HEAD + "mug,Mug,,3,9\n" * 2_000, MUG, "sold in 250 variants"),
    Case("s.csv", HEAD + "mug,Mug,,3,9\nmug,Jug,,3,8\n", MUG, "another product has this handle"),
    Case("s.csv", HEAD + "\ufeffmug,Mug,,3,9\n", MUG),
    Case("s.json", '{"products": ' + "[" * 100_000, {}, "is nested too deeply"),
    Case("s.json", '{"a": ' * 100_000, {}, "is nested too deeply"),
    Case("s.json", catalog(title="M\ud800ug", description="\udfff\0"), MUG),
    Case("s.json", catalog(**{f"k{at}": at for at in range(20_000)}), MUG, "the key 'k0' is not read"),
    Case("s.json", catalog(variants=[{"options": {"S": str(at)}} for at in range(5_000)]), MUG, "sold in 250"),
    Case("s.json", " " * 1_000_000, {}, "is empty"),
]  # fmt: skip


def test_every_feed_is_read_as_it_was_meant_or_refused_for_what_it_is(tmp_path: Path) -> None:
    cases = [*WORDS, *NUMBERS, *ENCODED, *MARKED, *MISNAMED, *SHAPED]
    wrong = [
        (case.name, case.content[:300], found) for case in cases if (found := amiss(case, tmp_path))
    ]
    assert len(cases) > 100
    assert wrong == []


def test_what_unpacks_to_more_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packer = zlib.compressobj(wbits=31)
    first, other = (packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in "ab")
    monkeypatch.setattr(feed_text, "LARGEST_FILE", 8 * 2**20)
    bomb = first + other * 8
    assert amiss(Case("s.csv", bomb, {}, "larger than 8 MiB once unpacked"), tmp_path) == ""


def amiss(case: Case, folder: Path) -> str:
    """Return what is not as it should be."""
    path = folder / case.name
    content = case.content
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    )
    try:
        catalogs = load_catalogs(path)
    except CatalogError as error:
        sold, said = {}, str(error)
    else:
        (problems,) = catalogs.problems.values()
        sold = {
            item.id: (item.title, str(item.price.amount), item.available)
            for item in catalogs.default.products.values()
        }
        said = "; ".join(problem.reason for problem in problems)
    fits = case.reason in said and (bool(case.reason) or not said or not case.sold)
    return "" if sold == case.sold and fits else f"{sold}: {said[-300:]}"


def test_a_shop_says_its_language_and_currency_as_other_systems_do(tmp_path: Path) -> None:
    shop = {"locale": "de_DE", "currency": "eur"}
    goods = [{"id": "mug", "title": "Mug", "price": 9}]
    (tmp_path / "s.json").write_text(json.dumps({"shop": shop, "products": goods}))
    (tmp_path / "t.csv").write_text(table())
    (tmp_path / "t.shop.json").write_text(json.dumps(shop))
    for found in load_catalogs(tmp_path).shops.values():
        assert found.locale == "de-DE"
        assert {item.price.currency for item in found.products.values()} == {"EUR"}


def test_a_packed_feed_counts_by_what_is_in_it(tmp_path: Path) -> None:
    feed = tmp_path / "s.csv"
    feed.write_bytes(gzip.compress(bytes(9_000)))
    assert size_of(feed) == 9_000
    feed.write_bytes(b"\x1f\x8b" + b"\xff" * 20)
    assert size_of(feed) == LARGEST_FILE
    feed.write_bytes(b"\x1f\x8b")
    assert size_of(feed) == 2
    os.mkfifo(tmp_path / "pipe.csv")
    assert size_of(tmp_path / "pipe.csv") == 0


LONG = "x" * 16_000
WHOLE = {
    "a.json": (
        '{{"products": [{}]}}',
        '{{"id": "p{0}", "title": "P", "price": 9, "description": "{1}"}}',
    ),
    "a.csv": ("Handle,Title,Variant Price,Body\n{}", "p{0},P,9,{1}"),
    "a.tsv": ("id\ttitle\tprice\tdescription\n{}", "p{0}\tP\t9 EUR\t{1}"),
    "a.xml": (
        "<rss><channel><title>A</title>{}</channel></rss>",
        "<item><id>p{0}</id><title>P</title><price>9 EUR</price><description>{1}</description></item>",
    ),
}


@pytest.mark.parametrize(("name", "number"), [*((name, 200) for name in WHOLE), ("a.json", 1_000)])
def test_of_a_feed_no_more_than_a_part_is_held_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    if number < 1_000:
        monkeypatch.setattr(feed_text, "_PIECE", 100 * 1024)
    whole, one = WHOLE[name]
    items = (one.format(at, LONG) for at in range(number))
    (tmp_path / name).write_text(whole.format((",\n" if name == "a.json" else "\n").join(items)))
    tracemalloc.start()
    try:
        catalogs = load_catalogs(tmp_path / name, keep_text=lambda text: text[:10])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(catalogs.default.products) == number
    assert peak < number * len(LONG) * 0.8


WESTERN = [
    "Crêpière – “l’été” « chère » créée où œuf Noël",
    "Größe Übergröße Äpfel „Straße“ 5 € Fußmatte",
    "¿Qué? ¡Año! niña camión 1ª nº",
    "Coleções de maçã, põe pão ÃO",
    "più perché così però città",
    "Påse Ångström smørrebrød æble hääyö één",
    "Café — ½ inch £5 don’t jalapeño ™",
    "soft—yet warm–dry and so…on 10–20 Mon–Fri a 1° 2×3",
]


def in_encoding(path: Path, text: str, encoding: str) -> Path:
    path.write_bytes(f"Handle,Title,Variant Price\nmug,Mug,9\ncup,{text!r},9\n".encode(encoding))
    return path


@pytest.mark.parametrize("text", WESTERN)
def test_what_a_western_spreadsheet_saved_is_read_and_said_to_be(tmp_path: Path, text: str) -> None:
    feed = in_encoding(tmp_path / "a.csv", text.replace(",", ""), "cp1252")
    catalogs = load_catalogs(feed)
    assert catalogs.default.products["cup"].title == repr(text.replace(",", ""))
    (problem,) = catalogs.problems["a"]
    assert problem.reason == "is not UTF-8 text, and is read as Windows-1252"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("mac_roman", "Crêpière"),
        ("mac_roman", "camión niña"),
        ("cp850", "Größe für"),
        ("cp850", "camión niña"),
        ("cp850", "Día"),
        ("mac_roman", "naïve"),
        ("cp1250", "Łóżko"),
        ("cp1250", "Żółta łódź"),
        ("cp1250", "hrneček měkký"),
        ("cp1250", "Női fűszer"),
        ("cp1250", "Cană ţară"),
        ("cp1250", "Skodelica živa"),
        ("cp1251", "Чайник"),
        ("cp1253", "Φλιτζάνι"),
        ("cp1254", "Çay bardağı"),
        ("cp1255", "כוס"),
        ("cp1256", "كوب"),
        ("cp1257", "Šilta žvakė"),
        ("cp932", "土鍋 ナベ"),
        ("euc_kr", "찻잔"),
        ("big5", "茶杯"),
        ("gbk", "茶杯"),
        ("koi8-r", "чайник"),
    ],
)
def test_no_other_encoding_is_taken_for_that_of_a_western_spreadsheet(
    tmp_path: Path, encoding: str, text: str
) -> None:
    with pytest.raises(CatalogError, match="is not UTF-8 text"):
        load_catalogs(in_encoding(tmp_path / "a.csv", text, encoding))


def test_a_table_that_is_utf_8_but_for_a_row_is_not_taken_for_another(tmp_path: Path) -> None:
    feed = tmp_path / "a.csv"
    rows = "Handle,Title,Variant Price\nmug,Crêpe,9\n".encode() + "cup,Café,9\n".encode("cp1252")
    feed.write_bytes(rows)
    with pytest.raises(CatalogError, match="line 3: is not UTF-8 text"):
        load_catalogs(feed)


def test_a_row_of_spaces_says_nothing(tmp_path: Path) -> None:
    feed = tmp_path / "a.csv"
    feed.write_text("Handle,Title,Variant Price\n  \nmug,Mug,9\n , , \n")
    assert load_catalogs(feed).problems["a"] == ()


@pytest.mark.parametrize("price", ["1,200", "¥1,200", "￥1,200", "1200円"])
def test_in_yen_a_comma_sets_thousands_apart(tmp_path: Path, price: str) -> None:
    feed = tmp_path / "a.csv"
    feed.write_text(f'Handle,Title,Variant Price\nmug,Mug,"{price}"\n')
    assert load_catalogs(feed, currency="JPY").default.products["mug"].price.amount == 1200
