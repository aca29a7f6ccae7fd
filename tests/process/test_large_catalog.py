"""A large catalog: within little memory, and read to its end when the shop is killed meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.conftest import StartServer
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import ROOT, Server

PRODUCTS = 3_000
FIRST, LAST = "thing-0", f"thing-{PRODUCTS - 1}"
MOST_MIB = 90
"""Resident, twice the catalog included, since the old one serves while the new one is opened."""


def writer(path: Path) -> Callable[[str], None]:
    """Return what writes the catalog with a price for its first and its last plain thing."""
    catalog = json.loads((ROOT / "demo" / "catalog.json").read_text())
    del catalog["translations"]
    for number in range(PRODUCTS):
        thing = {"id": f"thing-{number}", "title": f"Plain thing {number}", "price": 10, "stock": 5}
        words = "Made to be found by who looks for it. " * 12
        catalog["products"].append(
            {**thing, "category": f"Things {number % 40}", "description": words}
        )

    def write(price: str) -> None:
        for at in (-PRODUCTS, -1):
            catalog["products"][at]["price"] = price
        new = path.with_suffix(".new")
        new.write_text(json.dumps(catalog))
        new.replace(path)

    return write


def resident_mib(server: Server) -> float:
    """Return the most memory that the process has had at once."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def test_kills_while_the_catalog_is_read_anew_lose_nothing_and_leave_it_whole(
    serve: StartServer, tmp_path: Path
) -> None:
    write = writer(tmp_path / "catalog.json")
    write("11.00")
    server = serve(
        WANDSTORE_CATALOG=str(tmp_path / "catalog.json"),
        WANDSTORE_CATALOG_SECONDS="0.05",
        WANDSTORE_DESIGN="",
    )
    unfinished = tmp_path / "data" / "catalogs"

    def price_of(name: str) -> str:
        page = http.get(f"{server.url}/products/{name}").text
        return str(re.findall(r"[1-5]{2}\.00", page)[0])

    def price_is(price: str) -> bool:
        return price_of(LAST) == price

    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        finished = fillers(shopper.store().text)
        assert "fallback" not in finished.values()
        write("22.00")
        eventually(lambda: price_is("22.00"))
        assert resident_mib(server) < MOST_MIB
        begun: tuple[Callable[[], object], ...] = (
            lambda: True,
            lambda: server.is_parent,
            lambda: [*unfinished.glob("*.new")],
        )
        for price, has_begun in zip(("33.00", "44.00", "55.00"), begun, strict=True):
            write(price)
            eventually(lambda: has_begun() or price_is(price))  # noqa: B023 - it is over by then
            server.kill()
            server.start()
            page = shopper.store()
            assert page.headers["x-wandstore-page"] in ("kept", "redrawn")
            assert fillers(page.text) == finished
            assert price_of(FIRST) == price_of(LAST)
    eventually(lambda: price_of(FIRST) == price_of(LAST) == "55.00")
