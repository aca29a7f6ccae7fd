"""A large catalog: within little memory, and read anew when the process is killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.conftest import StartServer
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import ROOT, Server

PRODUCTS = 8_000
LAST = f"thing-{PRODUCTS - 1}"
MOST_MIB = 130
"""Resident, twice the catalog included, since the old one serves while the new one is read."""


def writer(path: Path) -> Callable[[str], int]:
    """Return what writes the catalog with a price for its last product, and tells its size."""
    catalog = json.loads((ROOT / "demo" / "catalog.json").read_text())
    for number in range(PRODUCTS):
        thing = {"id": f"thing-{number}", "title": f"Plain thing {number}", "price": 10, "stock": 5}
        words = "Made to be found by who looks for it. " * 6
        catalog["products"].append(
            {**thing, "category": f"Things {number % 40}", "description": words}
        )

    def write(price: str) -> int:
        catalog["products"][-1]["price"] = price
        new = path.with_suffix(".new")
        size = new.write_text(json.dumps(catalog))
        new.replace(path)
        return size

    return write


def bytes_read(server: Server) -> int:
    """Return how many bytes the process has read in all."""
    return int(Path(f"/proc/{server.pid}/io").read_text().split("rchar: ")[1].split()[0])


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
        WANDSTORE_HOUSE_PACE="0",
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
        before = bytes_read(server)
        size = write("33.00")
        eventually(lambda: bytes_read(server) - before > size / 2)
        server.kill()
        server.start()
        page = shopper.store()
    assert page.headers["x-wandstore-page"] in ("kept", "redrawn")
    assert fillers(page.text) == finished
    assert price_is("33.00")
