"""The lines of a bulk query: read whatever their order, and replaced product by product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.catalog import shopify_feed, shopify_lines
from app.catalog.load import load_catalogs
from app.catalog.problems import Report
from app.catalog.rows import Row
from app.catalog.shopify_lines import Change, Line, merge, moment
from tests.support.catalogs import Write
from tests.support.fake_shopify import FakeShopify, variant


def product(number: int, second: int, **fields: Any) -> str:
    about = {"id": f"gid://shopify/Product/{number}", "updatedAt": f"2026-11-26T08:00:{second:02}Z"}
    return json.dumps({**about, **fields})


def of(number: int, **fields: Any) -> str:
    return json.dumps({"__parentId": f"gid://shopify/Product/{number}", **fields})


def test_a_file_is_sold_from_whatever_the_order_of_its_lines(write: Write) -> None:
    store = FakeShopify()
    size = {"compareAtPrice": "15.00", "inventoryPolicy": "CONTINUE"}
    small, large = variant(11, "12.00", 0, "Small") | size, variant(12, "14.00", 0, "Large")
    free = variant(31, "9.00", 0) | {"inventoryItem": {"tracked": False}}
    store.put(1, "Jug", small, large, tags=["a", "b"], category={"fullName": "Home > Kitchenware"})
    store.put(3, "Mug", free, productType="", category={"fullName": "Home > Cups"})
    lines = store.lines().splitlines()
    parents = [line for line in lines if "__parentId" not in line]
    children = [line for line in lines if "__parentId" in line]
    catalogs = load_catalogs(write("store.jsonl", "\n".join(["", *parents, *children, "{", "3"])))
    jug, mug = catalogs.default.products.values()
    assert (jug.id, jug.category, jug.tags) == ("jug", "Kitchen", ("a", "b"))
    assert [form.id for form in jug.variants] == ["11", "12"]
    assert [form.label for form in jug.variants] == ["Small", "Large"]
    assert [form.available for form in jug.variants] == [True, False]
    assert jug.compare_at is not None
    assert (mug.category, mug.available, mug.stock) == ("Cups", True, None)
    assert [(item.line, item.reason) for item in catalogs.problems["store"]] == [
        (7, "is not a JSON object"),
        (8, "is not a JSON object"),
    ]


def test_products_whose_lines_stay_are_not_read_again_and_what_was_wrong_is_told_again(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[int] = []

    def read_row(line: Line, report: Report) -> Row | None:
        lines.append(line.number)
        return shopify_lines.read_row(line, report)

    monkeypatch.setattr(shopify_feed, "read_row", read_row)
    store = FakeShopify()
    for number, title in enumerate(("Jug", "Mug", "Pot", "Draft"), 1):
        status = "DRAFT" if title == "Draft" else "ACTIVE"
        store.put(number, title, variant(number * 10, "12.00", 1), status=status)
    store.products[3]["variants"].append(variant(31, "free", 1))
    first = load_catalogs(write("store.jsonl", store.lines()))
    assert lines == list(range(1, 10))
    assert len(first.problems["store"]) == 1
    store.reprice(2, "13.00")
    lines.clear()
    second = load_catalogs(write("store.jsonl", store.lines()), known=first.sources)
    assert lines == [3, 4, 5, 6, 7], "what has changed, and what has a problem"
    assert second.problems == first.problems
    assert list(second.default.products) == ["jug", "mug", "pot"]
    assert second.default.products["mug"].price.amount == 13
    assert second.default.products["jug"] is first.default.products["jug"]
    lines.clear()
    path = write("store.jsonl", f"{store.lines()}\n")
    third = load_catalogs(path, known=second.sources, currency="EUR")
    assert lines == list(range(1, 10))
    assert third.default.products["jug"].price.currency == "EUR"


def test_of_two_products_with_one_handle_the_second_is_told_and_sold_once_the_first_is_gone(
    write: Write,
) -> None:
    store = FakeShopify()
    store.put(1, "Jug", variant(11, "12.00", 1))
    store.put(2, "Jug", variant(21, "34.00", 1))
    first = load_catalogs(write("store.jsonl", store.lines()))
    assert first.default.products["jug"].price.amount == 12
    assert [item.reason for item in first.problems["store"]] == ["another product has this id"]
    del store.products[1]
    second = load_catalogs(write("store.jsonl", store.lines()), known=first.sources)
    assert second.default.products["jug"].price.amount == 34
    assert not second.problems["store"]


def test_a_variant_of_no_product_costs_itself(write: Write) -> None:
    store = FakeShopify()
    store.put(1, "Jug", variant(11, "12.00", 1))
    text = of(7, id="gid://shopify/ProductVariant/71", price="1") + "\n" + store.lines()
    catalogs = load_catalogs(write("store.jsonl", text))
    assert list(catalogs.default.products) == ["jug"]
    assert [item.reason for item in catalogs.problems["store"]] == ["has no handle"]


def test_products_are_replaced_dropped_and_added_but_never_by_what_is_older(tmp_path: Path) -> None:
    base, target = tmp_path / "base", tmp_path / "target"
    kept = [product(1, 5), of(1, id=11), product(12, 5), product(3, 5), of(3, id=31)]
    base.write_text("\n".join([*kept, product(2, 9).replace("/", "\\/"), of(2, id=21)]))
    changes = {
        number: Change(f"{text}\n".encode() if text else b"", moment("2026-11-26T08:00:07Z"))
        for number, text in {"1": "one", "2": "two", "3": "", "4": "four", "5": ""}.items()
    }
    merge(base, changes, target, b"first\n")
    assert target.read_text().splitlines() == [
        "first",
        "one",
        product(12, 5),
        product(2, 9).replace("/", "\\/"),
        of(2, id=21),
        "four",
    ]
