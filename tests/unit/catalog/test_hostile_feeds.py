from __future__ import annotations

import json
import re
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.images import image_hosts
from app.catalog.load import load_catalogs
from app.catalog.problems import CatalogError
from app.domain.catalog import Product
from app.util.joiners import drop_shaping
from tests.support.sampling import sampled

COLUMNS = (
    "Handle,Title,Body (HTML),Tags,Option1 Value,Variant Inventory Qty,Variant Price,Image Src"
)
HOSTILE = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "mug",
            "Mug",
            "9",
            "-1",
            "NaN",
            "1e9",
            "",
            '"',
            '"a',
            "<script>x",
            "<![x[",
            "https://a.b/c",
        ]
    ),
)
ONE = st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE
FIELDS = st.dictionaries(
    st.sampled_from(
        ["id", "title", "price", "compare_at_price", "stock", "tags", "image", "available"]
    ),
    ONE
    | st.lists(ONE, max_size=3)
    | st.dictionaries(HOSTILE, ONE, max_size=3)
    | st.sampled_from([[["a"], [{"b": [9]}]], {"a": {"": [None]}}, [{"mug": {"mug": "9"}}]]),
)


def sold_from(name: str, content: bytes) -> list[Product]:
    """Read a file as a shop; a refusal sells nothing, and anything but a refusal is raised."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            catalogs = load_catalogs(path)
        except CatalogError:
            return []
    hosts = image_hosts(catalogs.default)
    assert all(re.fullmatch(r"https://[a-z0-9.-]+(:[0-9]+)?", host) for host in hosts)
    return list(catalogs.default.products.values())


def assert_sound(product: Product) -> None:
    assert re.fullmatch(r"[^\s/?#%<>&\"'\\]{1,200}", drop_shaping(product.id))
    assert drop_shaping(product.id).isprintable()
    assert product.id[0] not in "._-"
    assert 0 <= product.price.amount <= 1_000_000_000
    assert product.compare_at is None or product.compare_at.amount > product.price.amount
    assert product.stock is None or product.stock >= 0
    assert product.title
    assert product.category
    texts = (product.title, product.category, product.vendor, *product.tags, *product.options)
    assert all(drop_shaping(text).isprintable() and len(text) <= 200 for text in texts)
    assert drop_shaping(product.description).isprintable()
    assert len(product.description) <= 4_000
    assert product.picture is None or product.picture.url.startswith(("https://", "/pictures/"))


@given(st.sampled_from(["shop.csv", "shop.json"]), st.binary())
def test_no_bytes_do_worse_than_be_refused(name: str, content: bytes) -> None:
    for product in sold_from(name, content):
        assert_sound(product)


@given(st.lists(st.lists(HOSTILE, min_size=7, max_size=9)))
def test_whatever_rows_an_export_has_what_is_sold_is_sound(rows: list[list[str]]) -> None:
    lines = [COLUMNS, *(",".join(row) for row in rows), "last,Last,,,,,1,"]
    content = "\n".join(lines).encode("utf-8", "replace")
    for product in sold_from("shop.csv", content):
        assert_sound(product)


@given(st.lists(FIELDS))
def test_whatever_products_a_catalog_has_what_is_sold_is_sound(
    products: list[dict[str, object]],
) -> None:
    last = {"id": "\u0001last", "title": "Last", "price": 1}
    content = json.dumps({"products": [*products, last]}).encode()
    sold = sold_from("shop.json", content)
    assert "last" in {product.id for product in sold}
    for product in sold:
        assert_sound(product)


@given(st.lists(FIELDS, min_size=1), st.integers(min_value=0))
def test_a_catalog_cut_anywhere_is_refused(products: list[dict[str, object]], cut: int) -> None:
    content = json.dumps({"shop": {}, "products": products}).encode()
    assert sold_from("shop.json", content[: cut % len(content)]) == []


@pytest.mark.parametrize(
    ("name", "begin", "more", "end"),
    [
        ("shop.csv", b"Handle,Title,Price\n", b"m,M,1\n", b""),
        ("shop.csv", b"Handle,Title,Price\n", b'"\n', b""),
        ("shop.csv", b'Handle,Title,Price\nm,"', b"x\n" * len(sampled("four")), b""),
        ("shop.json", b'{"products": [', b"{},\n", b"{}]}"),
        ("shop.json", b'{"products": [{"id": "m", "price": ', b"9" * 8, b"}]}"),
        ("shop.json", b"", b" " * 16, b"{"),
    ],
)
def test_the_time_to_read_a_catalog_grows_no_faster_than_the_catalog(
    name: str, begin: bytes, more: bytes, end: bytes
) -> None:
    def seconds(size: int) -> float:
        began = time.process_time()
        sold_from(name, begin + more * size + end)
        return time.process_time() - began

    small = max(seconds(1_000), 0.005)
    assert seconds(10_000) < 4 * 10 * small, "as the square it would be a hundred times as long"
