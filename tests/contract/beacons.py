"""Vectors of POST /signals: bodies, what they tell, and the first field where they are wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.facts import REPORTED
from app.web.body import Rejected
from app.web.signals_schema import read_beacon
from tests.contract.hostile import NAMES

_WRONG: tuple[object, ...] = (None, True, False, 1, 1.5, [], {}, ["x"], {"a": 1})
_NOT_WHOLE: tuple[object, ...] = (None, True, "1", "NaN", "", 0, -1, 1.5, 1e30, 10**30, [], [1], {})
_CLICK = {"slot": "grid", "by": "grid", "product": "oak", "place": 1}
_VIEW = {"kind": "view", "product": "oak"}


def one(**event: object) -> str:
    """Return a body with one event."""
    return json.dumps({"events": [event]})


def _bodies() -> Iterator[tuple[str, bytes]]:
    for name, body in _texts():
        yield name, body.encode()
    yield "a mark of the byte order", b'\xef\xbb\xbf{"events":[{"kind":"filter"}]}'
    for at, text in enumerate((b"\xff", b"\xed\xa0\xbe", b"\xc0\x80", b"\xf0\x9f\xa6")):
        yield f"no UTF-8 {at}", b'{"events":[{"kind":"view","product":"%s"}]}' % text


def _texts() -> Iterator[tuple[str, str]]:
    yield from _good()
    yield from _not_json()
    yield from _wrong_lists()
    yield from _wrong_events()
    yield from _wrong_views()
    for at, name in enumerate(NAMES):
        yield f"a product named {at}", one(kind="view", product=name)
        yield f"a category named {at}", one(kind="filter", category=name)


def _good() -> Iterator[tuple[str, str]]:
    yield "a view", one(**_VIEW)
    yield "a view, keys the other way round", '{"events":[{"product":"oak","kind":"view"}]}'
    yield "white space", ' \n\t{"events" :\r\n[ {"kind":"view" ,"product":"oak"} ] } '
    yield "escapes", '{"events":[{"kind":"\\u0076iew","product":"\\ud83e\\udd8a \\u0000"}]}'
    yield "20 events", json.dumps({"events": [_VIEW] * 20})
    for seconds in (1, 2.0, 600):
        yield f"a dwell of {seconds!r}", one(kind="dwell", product="oak", seconds=seconds)
    yield "a filter of nothing", one(kind="filter")
    yield "a filter of a category", one(kind="filter", category="Lamps")
    for sort in ("", "featured", "price-asc", "price-desc", "name"):
        yield f"sorted by {sort!r}", one(kind="filter", category="", sort=sort)
    for quantity in (1, 99, 3.0):
        yield (
            f"{quantity!r} into the basket",
            one(kind="add_to_basket", product="oak", quantity=quantity),
        )
    yield "one into the basket", one(kind="add_to_basket", product="oak")
    yield "a long name with accents apart", one(kind="view", product="e\u0301" * 101)
    items = [{"product": "oak", "quantity": 2}, {"product": "elm"}]
    yield "an order", one(kind="purchase", items=items)
    for order in ("", "1042", "\U0001f98a" * 200):
        yield f"an order named {order[:4]}", one(kind="purchase", items=items, order=order)
    for products in ([], ["oak"], ["oak", "elm"], ["oak"] * 20):
        seen = {"slot": "grid", "by": "grid", "products": products}
        yield f"a slot with {len(products)} products seen", one(kind="shown", **seen)
    yield "a slot seen that says nothing of products", one(kind="shown", slot="cta", by="cta")
    for place in (1, 20, 2.0):
        pressed = {"slot": "grid", "by": "grid", "product": "oak", "place": place}
        yield f"a click in place {place!r}", one(kind="click", **pressed)
    yield "an order of 20", one(kind="purchase", items=items * 10)
    for length in (199, 200):
        yield f"a name of {length}", one(kind="view", product="\U0001f98a" * length)


def _not_json() -> Iterator[tuple[str, str]]:
    for at, body in enumerate(
        ("", " ", "{", '{"events":', "{'events': []}", "undefined", '{"events":[]}x', "[[[[", '"', "{,}", '{"events":[1,]}', "// no", "\x00", '{"events":[{"kind":"filter"}]}\x00', '\x0c{"events":[{"kind":"filter"}]}')
    ):  # fmt: skip
        yield f"not JSON {at}", body
    for number in ("NaN", "Infinity", "-Infinity", "01", "+1", ".5", "5.", "0x1", "1_0", "1e400"):
        body = f'{{"events":[{{"kind":"dwell","product":"oak","seconds":{number}}}]}}'
        yield f"{number} seconds", body
    for at, value in enumerate((None, True, 1, 1.5, "text", [], [_VIEW])):
        yield f"no object {at}", json.dumps(value)


def _wrong_lists() -> Iterator[tuple[str, str]]:
    yield "no field", "{}"
    yield "a field of another name", '{"event": []}'
    yield "a field too many", json.dumps({"events": [_VIEW], "more": 1})
    yield "no events", '{"events": []}'
    yield "21 events", json.dumps({"events": [_VIEW] * 21})
    no_lists: tuple[object, ...] = (None, True, 1, "view", {}, {"0": _VIEW})
    for at, value in enumerate(no_lists):
        yield f"events that are no list {at}", json.dumps({"events": value})
    no_objects: tuple[object, ...] = (None, True, 1, "view", [], [_VIEW])
    for at, value in enumerate(no_objects):
        yield f"an event that is no object {at}", json.dumps({"events": [_VIEW, value]})


def _wrong_events() -> Iterator[tuple[str, str]]:
    no_kinds: tuple[object, ...] = (None, 1, True, [], {}, "", "View", "theft", "__proto__")
    for at, kind in enumerate(no_kinds):
        yield f"not a kind {at}", one(kind=kind, product="oak")
    yield "no kind", one(product="oak")
    for at, value in enumerate((*_WRONG, "", "x" * 201, "\U0001f98a" * 201)):
        yield f"not a product {at}", one(kind="view", product=value)
        yield f"not an item {at}", one(kind="purchase", items=[{"product": value}])
    for at, value in enumerate((*_WRONG, "x" * 201)):
        yield f"not a category {at}", one(kind="filter", category=value)
    for at, value in enumerate((*_WRONG, "PRICE-ASC", "random")):
        yield f"not an order {at}", one(kind="filter", sort=value)
    for at, value in enumerate(_NOT_WHOLE):
        yield f"not seconds {at}", one(kind="dwell", product="oak", seconds=value)
        yield f"not a quantity {at}", one(kind="add_to_basket", product="oak", quantity=value)
        items = [{"product": "oak"}, {"product": "oak", "quantity": value}]
        yield f"not an item's quantity {at}", one(kind="purchase", items=items)
    yield "601 seconds", one(kind="dwell", product="oak", seconds=601)
    yield "100 of one", one(kind="add_to_basket", product="oak", quantity=100)
    for at, value in enumerate((None, [], {}, "oak", [None], ["oak"], [{"product": "oak"}] * 21)):
        yield f"not items {at}", one(kind="purchase", items=value)
    for at, value in enumerate((None, 1042, ["1042"], "x" * 201)):
        yield (
            f"not a name of an order {at}",
            one(kind="purchase", items=[{"product": "x"}], order=value),
        )
    whole = {
        "view": {"product": "x"},
        "filter": {"sort": "name"},
        "purchase": {"items": [{"product": "x"}]},
        "shown": {"slot": "grid", "by": "grid"},
        "click": _CLICK,
    }
    for kind in REPORTED:
        event = {
            "dwell": {"product": "x", "seconds": 1},
            "add_to_basket": {"product": "x"},
            **whole,
        }[kind]
        for stranger in ("price", "cents", "shopper_id", "Product", "constructor", "x" * 60):
            yield f"a {kind} with {stranger[:12]}", one(kind=kind, **event, **{stranger: 1})  # type: ignore[arg-type]
    yield "an item with a price", one(kind="purchase", items=[{"product": "x", "price": 1}])


def _wrong_views() -> Iterator[tuple[str, str]]:
    for at, value in enumerate(_NOT_WHOLE):
        yield f"not a place {at}", one(kind="click", **{**_CLICK, "place": value})
    for at, value in enumerate((*_WRONG, "", "x" * 201)):
        for field in ("slot", "by", "product"):
            yield f"not a {field} of a click {at}", one(kind="click", **{**_CLICK, field: value})
        seen = {"slot": "grid", "by": "grid", "products": ["oak", value]}
        yield f"not a product seen {at}", one(kind="shown", **seen)
        yield f"no products seen {at}", one(kind="shown", **{**seen, "products": value})
    yield "21 products seen", one(kind="shown", slot="grid", by="grid", products=["oak"] * 21)


def read(body: bytes) -> dict[str, Any]:
    """Return what a body tells, or the field where it is wrong."""
    try:
        return {"events": [event._asdict() for event in read_beacon(body)]}
    except Rejected as bad:
        return {"field": bad.field}


def vectors() -> list[Mapping[str, Any]]:
    """Return bodies, each character a byte, with what comes of them."""
    return [
        {"name": name, "body": body.decode("latin-1"), **read(body)} for name, body in _bodies()
    ]
