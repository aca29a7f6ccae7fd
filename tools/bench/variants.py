"""What variants and a second language cost: the demo shop with both, beside one without."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice, product
from pathlib import Path
from typing import Any

from app.settings import ROOT
from tools.bench import kept, measure, readers, shoppers, sizes, streaming
from tools.bench.measure import Row
from tools.support.server import Server

_ROUNDS = 10
_AT_ONCE = 10
_MOST = 1.1
_COPIES = 5
_OPTIONS = {"Size": ("Small", "Medium", "Large"), "Colour": ("Ink", "Sage")}


def run(folder: Path) -> Iterator[Row]:
    """Ask both shops for the same pages, in turn. Of a busy machine the least counts."""
    measure.pin(measure.LOAD_CORE)
    demo = json.loads((ROOT / "demo" / "catalog.json").read_text())
    demo["products"] = list(_several(demo["products"]))
    with ExitStack() as running:
        model = running.enter_context(measure.model(400.0))
        sides = [
            _Side(folder / name, catalog, model, running)
            for name, catalog in (("with", _with_variants(demo)), ("without", _without(demo)))
        ]
        rounds = [[side.costs(at) for side in sides] for at in range(_ROUNDS)]
    for name in rounds[0][0]:
        ours, theirs = (min(costs[at][name] for costs in rounds) for at in (0, 1))
        what = f"{name} with variants in two languages, CPU; baseline: without"
        yield Row(what, ours, "ms", theirs, f"ratio at most {_MOST}", ours <= _MOST * theirs)


class _Side:
    """A shop of one kind, and what has not been asked of it yet."""

    def __init__(self, data: Path, catalog: dict[str, Any], model: str, running: ExitStack) -> None:
        folder = data.with_name(f"{data.name}-catalog")
        shutil.copytree(ROOT / "demo", folder)
        (folder / "catalog.json").write_text(json.dumps(catalog))
        self._cookies = shoppers.settle(data, _ROUNDS * _AT_ONCE + 1)
        environment = {
            "KIMI_BASE_URL": model,
            "KIMI_API_KEY": "bench",
            "KIMI_MODEL": "bench",
            "SESSION_SECRET": shoppers.SECRET,
            "WANDSTORE_CATALOG": str(folder / "catalog.json"),
            **shoppers.NO_LIMITS,
        }
        self._server: Server = running.enter_context(measure.shop(data, environment))
        self._kept = asyncio.run(kept.finished(self._server.url, next(self._cookies)))
        self._paths = _pages(catalog)

    def costs(self, at: int) -> dict[str, float]:
        """Return the CPU ms of each kind of page, of those that are this round's."""
        server, cookies = self._server, list(islice(self._cookies, _AT_ONCE))
        whole = (server.url, server.pid)
        streamed = streaming.cost_of_round(whole, readers.follow_pages, cookies, 0.0).cpu
        again = kept.rate(f"{server.url}/store", server.pid, self._kept, seconds=1)
        own = {name: sizes.cost(server, all_of[at::_ROUNDS]) for name, all_of in self._paths}
        return {"kept page": 1000 / again, "streamed page": streamed, **own}


def _several(products: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the products, and as many again under further names: those of the model lead."""
    for copy, item in product(range(_COPIES), products):
        yield (
            {**item, "id": f"{item['id']}-{copy}", "title": f"{item['title']} {copy}"}
            if copy
            else item
        )


def _with_variants(demo: dict[str, Any]) -> dict[str, Any]:
    forms = [dict(zip(_OPTIONS, values, strict=True)) for values in product(*_OPTIONS.values())]
    variants = [{"id": f"form-{at}", "options": form} for at, form in enumerate(forms)]
    return {**demo, "products": [{**item, "variants": variants} for item in demo["products"]]}


def _without(demo: dict[str, Any]) -> dict[str, Any]:
    products = [{**item, "variants": []} for item in demo["products"]]
    return {"shop": demo["shop"], "products": products}


def _pages(catalog: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return addresses by kind of page, in an order in which each round has some of each sort."""
    products = catalog["products"]
    categories = sorted({item["category"] for item in products})
    sorts = ("featured", "price-asc", "price-desc", "name")
    listings = [f"/store?category={name}&sort={sort}" for sort in sorts for name in categories]
    words = sorted({word for item in products for word in item["title"].split()})
    return [
        ("list", listings),
        ("search", [f"/store?q={word}" for word in words]),
        ("product's page", [f"/products/{item['id']}" for item in products]),
    ]
