"""A large catalog: within little memory, and read to its end when the shop is killed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.conftest import StartServer
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import ROOT, Server

PRODUCTS = 3_000
LAST = f"thing-{PRODUCTS - 1}"
MOST_MIB = 90
"""Resident, twice the catalog included, since the old one serves while the new one is opened."""


def writer(path: Path) -> Callable[[str], None]:
    """Return what writes the catalog with a price for its last product."""
    catalog = json.loads((ROOT / "demo" / "catalog.json").read_text())
    del catalog["translations"]
    for number in range(PRODUCTS):
        thing = {"id": f"thing-{number}", "title": f"Plain thing {number}", "price": 10, "stock": 5}
        words = "Made to be found by who looks for it. " * 12
        catalog["products"].append(
            {**thing, "category": f"Things {number % 40}", "description": words}
        )

    def write(price: str) -> None:
        catalog["products"][-1]["price"] = price
        new = path.with_suffix(".new")
        new.write_text(json.dumps(catalog))
        new.replace(path)

    return write


def resident_mib(server: Server) -> float:
    """Return the most memory that the process has had at once."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def test_a_kill_while_the_catalog_is_read_anew_loses_nothing(
    serve: StartServer, tmp_path: Path
) -> None:
    write = writer(tmp_path / "catalog.json")
    write("11.00")
    server = serve(
        WANDSTORE_CATALOG=str(tmp_path / "catalog.json"),
        WANDSTORE_CATALOG_SECONDS="0.05",
        WANDSTORE_DESIGN="",
    )

    def price_is(price: str) -> bool:
        return price in http.get(f"{server.url}/products/{LAST}").text

    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        finished = fillers(shopper.store().text)
        assert "fallback" not in finished.values()
        write("22.00")
        eventually(lambda: price_is("22.00"))
        assert resident_mib(server) < MOST_MIB
        write("33.00")
        unfinished = tmp_path / "data" / "catalogs"
        eventually(lambda: [*unfinished.glob("*.new")] or price_is("33.00"))
        server.kill()
        server.start()
        page = shopper.store()
    assert page.headers["x-wandstore-page"] in ("kept", "redrawn")
    assert fillers(page.text) == finished
    eventually(lambda: price_is("33.00"))
