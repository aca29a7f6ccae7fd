"""What is published is what the container would have answered, byte for byte."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.catalog.listing import ListingQuery, filter_products
from app.content.components import open_library
from app.content.experiments import read_experiments
from app.content.site import SiteContent, catalogs_of, read_site
from app.domain.persona import PERSONA_TYPES
from app.prerender.__main__ import main
from app.prerender.keys import PageKeys
from app.prerender.output import publish
from app.prerender.pages import product_name
from app.settings import ROOT, read_settings
from app.storage.folder_lock import hold_folder
from tests.support import fake_shopify
from tests.support.cases import each
from tests.support.fake_model import demo_products
from tests.support.serving import serving
from tests.support.shopper_client import Shopper, slots, stream_of
from tools.support import http
from tools.support.server import Server


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.prerender", str(folder)]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@cache
def ours() -> SiteContent:
    return read_site(read_settings({}))


def selling(feed: Path, catalog: dict[str, Any]) -> SiteContent:
    """Return our own files with the goods of this catalog, which becomes the feed."""
    feed.write_text(json.dumps(catalog))
    return ours().with_catalogs(catalogs_of(read_settings({"WANDSTORE_CATALOG": str(feed)})))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("publish") / "public"
    publish(ours(), folder)
    return folder


@pytest.fixture
def shopper(house_server: Server) -> Iterator[Shopper]:
    with Shopper(house_server) as made:
        yield made


def told(published: Path, name: str) -> Any:
    return json.loads((published / name).read_text())


@each("item", demo_products())
def test_a_products_page_is_the_containers(
    published: Path, shopper: Shopper, item: dict[str, Any]
) -> None:
    for variant, page in published_pages(published, item["id"]).items():
        query = f"?variant={variant}" if variant else ""
        assert page == shopper.get(f"/products/{item['id']}{query}").text


def published_pages(published: Path, product_id: str) -> dict[str, str]:
    """Return a product's page as the Worker puts it together: the usual one, and each variant's."""
    path = published / "shops" / "demo" / "products" / product_name(product_id)
    if (whole := path.with_suffix(".html")).exists():
        return {"": whole.read_text()}
    parts = json.loads(path.with_suffix(".json").read_text())
    pages = {
        name: "".join(parts["lines"][at] for at in page) for name, page in parts["variants"].items()
    }
    return {"": pages[parts["usual"]], **pages}


def test_every_category_in_every_order_is_the_containers(published: Path, shopper: Shopper) -> None:
    shop = told(published, "shops/demo/shop.json")
    folder = published / "shops" / "demo" / "listings"
    seen = set()
    for at, category in enumerate(["", *shop["categories"]]):
        for sort in shop["sorts"]:
            for page in range(1, shop["listing_pages"][at] + 1):
                asked = {"category": category, "sort": sort, "page": page}
                name = f"{at}-{sort}-{page}.html"
                assert (folder / name).read_bytes() == shopper.get("/store", params=asked).content
                seen.add(name)
    assert seen == {path.name for path in folder.iterdir()}


def test_the_shell_is_the_containers_but_for_the_streams_address(
    published: Path, shopper: Shopper
) -> None:
    shell = (published / "shops" / "demo" / "shells" / "newcomer.html").read_text()
    theirs = shopper.store().text
    assert stream_of(shell) == told(published, "shops/demo/shop.json")["stream"]
    assert shell == theirs.replace(stream_of(theirs), stream_of(shell))


def test_the_page_for_crawlers_is_the_containers(published: Path, house_server: Server) -> None:
    page = published / "shops" / "demo" / "catalog.html"
    crawler = {"user-agent": "Googlebot/2.1"}
    theirs = http.get(f"{house_server.url}/store", headers=crawler)
    assert page.read_bytes() == theirs.content
    assert stream_of(theirs.text) == ""


def test_every_kind_of_persona_has_its_shell(published: Path) -> None:
    shells = published / "shops" / "demo" / "shells"
    assert {path.stem for path in shells.iterdir()} == set(PERSONA_TYPES)


def test_files_at_the_root_are_the_containers(serve: Callable[..., Server], tmp_path: Path) -> None:
    feed, url, contact = tmp_path / "demo.json", "https://a.example", "mailto:a@b"
    catalog = {"products": demo_products()[:3], "translations": {"de": {"products": {}}}}
    content = selling(feed, catalog)._replace(public_url=url, security_contact=contact)
    publish(content, tmp_path / "public")
    told = {"WANDSTORE_PUBLIC_URL": url, "WANDSTORE_SECURITY_CONTACT": contact}
    server = serve(WANDSTORE_CATALOG=str(feed), **told)
    names = ["robots.txt", "llms.txt", "favicon.ico", "sitemap.xml", "sitemap-demo-1.xml"]
    names.append("sitemap-demo-de-1.xml")
    paths = {name: name for name in names} | {"security.txt": ".well-known/security.txt"}
    published = tmp_path / "public" / "root"
    assert {path.name for path in published.iterdir()} == set(paths)
    for name, path in paths.items():
        assert (published / name).read_bytes() == http.get(f"{server.url}/{path}").content


def test_static_files_and_pictures_are_the_containers(published: Path, shopper: Shopper) -> None:
    files = [*(published / "static").iterdir(), *(published / "pictures").rglob("*.svg")]
    assert len(files) > len(demo_products())
    for path in files:
        theirs = shopper.get(f"/{path.relative_to(published)}")
        assert theirs.status_code == httpx.codes.OK
        assert path.read_bytes() == theirs.content


def test_what_is_not_there_looks_like_the_containers(published: Path, shopper: Shopper) -> None:
    page = published / "shops" / "demo" / "not-found.html"
    assert page.read_bytes() == shopper.get("/products/never").content


def test_the_worker_is_told_the_headers_pages_go_out_with(
    published: Path, shopper: Shopper
) -> None:
    headers = shopper.get("/products/never").headers
    for name, value in told(published, "shops/demo/shop.json")["headers"].items():
        assert headers[name] == value


def test_what_is_published_leads_with_what_is_in_stock_and_tells_the_container_of_that(
    tmp_path: Path,
) -> None:
    items = [
        {**item, "stock": 0 if at % 5 else 3, "variants": []}
        for at, item in enumerate(demo_products())
    ]
    in_stock = {item["id"] for item in items if item["stock"]}
    for products, leading in ((items, in_stock), (items[1:5], {item["id"] for item in items})):
        catalog = {"shop": {"id": "demo", "name": "Demo"}, "products": products}
        publish(selling(tmp_path / "demo.json", catalog), folder := tmp_path / "public")
        sold = told(folder, "shops/demo/products.json")
        assert {item["id"] for item in sold} == leading & {item["id"] for item in products}
        assert all(item.get("available", True) == (item["id"] in in_stock) for item in sold)
        for page in ("catalog", *(f"shells/{kind}" for kind in PERSONA_TYPES)):
            drawn = slots((folder / f"shops/demo/{page}.html").read_text())
            for slot, places in {"hero": 1, "grid": 4, "recommendations": 4}.items():
                shown = re.findall(r'href="/products/([^"]+)"', drawn[slot][1])[:places]
                assert shown
                assert leading.issuperset(shown)


def test_store_pages_are_published_for_when_other_rules_hold_and_for_arms_without_pins(
    tmp_path: Path,
) -> None:
    rule = "[[rule]]\npin = 'beeswax-tapers'\nslot = 'hero'\nfrom = 2096-12-01\nuntil = 2096-12-01"
    (tmp_path / "merchandising.toml").write_text(rule)
    arms = "{name = 'a', page = 'house'}, {name = 'b', page = 'house', pins = false}"
    (tmp_path / "experiments.toml").write_text(f"[[experiment]]\nname = 'pins'\narms = [{arms}]")
    goods = [item for at, item in enumerate(demo_products()) if at < 5 or item["id"] in rule]
    content = selling(tmp_path / "demo.json", {"products": goods})
    content = content._replace(experiments=read_experiments(tmp_path))
    publish(content, folder := tmp_path / "public")
    begins = int(datetime(2096, 12, 1, tzinfo=UTC).timestamp())
    assert told(folder, "shops/demo/shop.json")["moments"] == [begins, begins + 86_400]
    pages = ("catalog", "ahead", *(f"shells/{kind}" for kind in PERSONA_TYPES))
    for place, is_pinned in (
        ("", False),
        (f"at/{begins}/", True),
        (f"at/{begins + 86_400}/", False),
    ):
        for pins in ("", "no-pins/"):
            for page in pages:
                html = (folder / f"shops/demo/{place}{pins}{page}.html").read_text()
                found = "/products/beeswax-tapers" in slots(html)["hero"][1]
                assert found == (is_pinned and not pins), (place, pins, page)
        plain = {path.stem for path in (folder / f"shops/demo/{place}plain").iterdir()}
        assert plain == {*PERSONA_TYPES} - {"newcomer"}
        html = (folder / f"shops/demo/{place}plain/loyalist.html").read_text()
        assert ("/products/beeswax-tapers" in slots(html)["hero"][1]) == is_pinned
        assert 'data-persona="loyalist"' in html
        assert "data-stream" not in html


def test_publishing_again_leaves_nothing_of_the_old_shop(tmp_path: Path) -> None:
    folder = tmp_path / "public"
    for shop_id in ("first", "second"):
        catalog = {"shop": {"id": shop_id, "name": shop_id}, "products": demo_products()[:2]}
        publish(selling(tmp_path / f"{shop_id}.json", catalog), folder)
    assert {path.name for path in (folder / "shops").iterdir()} == {"keys.json", "second"}
    assert told(folder, "shops.json")["default"] == "second"


def written(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return what a folder holds: the bytes of each file, and by what it is that file."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_ino)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_publishing_again_draws_only_what_shows_a_product_that_changed(tmp_path: Path) -> None:
    goods = [
        {"id": f"jug-{at}", "title": f"Jug {at:02}", "price": 20 + at, "category": f"Row {at % 2}"}
        for at in range(26)
    ]
    german = {"products": {"jug-1": {"title": "Krug"}}}

    def published(name: str = "public") -> dict[str, tuple[bytes, int]]:
        shop = {"id": "a", "name": "A", "checkout": {"type": "demo"}}
        catalog = {"shop": shop, "products": goods, "translations": {"de": german}}
        publish(selling(tmp_path / "a.json", catalog), tmp_path / name)
        return written(tmp_path / name)

    def drawn(before: dict[str, tuple[bytes, int]], kind: str) -> set[str]:
        """Return which pages of a kind are not the files that they were."""
        home = f"shops/a/{kind}/"
        anew = {name for name, file in after.items() if before.get(name, (b"", 0))[1] != file[1]}
        return {name.removeprefix(home) for name in anew if name.startswith(home)}

    first = published()
    after = second = published()
    kinds = ("products", "listings", "shells")
    assert [drawn(first, kind) for kind in kinds] == [set()] * 3
    goods[20] = {**goods[20], "price": 1}
    after = published()
    assert drawn(second, "products") == {f"{product_name('jug-20')}.html"}
    showing = {"0-featured-1.html", "0-price-asc-1.html", "1-name-1.html"}
    assert showing < drawn(second, "listings")
    assert not [name for name in drawn(second, "listings") if name.startswith(("2-", "0-name-2"))]
    assert {name: data for name, (data, _) in after.items()} == {
        name: data for name, (data, _) in published("anew").items()
    }
    del goods[20]
    before, after = after, published()
    assert set(before) - set(after) == {
        f"shops/{shop}/products/{product_name('jug-20')}.html" for shop in ("a", "a-de")
    }
    assert {name: data for name, (data, _) in after.items()} == {
        name: data for name, (data, _) in published("anew").items()
    }


def test_a_template_that_reads_more_of_the_shop_is_drawn_anew_for_each_of_its_changes(
    tmp_path: Path,
) -> None:
    skipped = shutil.ignore_patterns("__pycache__")  # into which other processes write
    shutil.copytree(ROOT / "components", tmp_path / "components", ignore=skipped)

    def keys(prices: Sequence[int]) -> tuple[str, str]:
        goods = [
            {"id": f"jug-{at}", "title": "Jug", "price": price} for at, price in enumerate(prices)
        ]
        content = selling(tmp_path / "a.json", {"products": goods})
        content = content._replace(library=open_library(tmp_path / "components"))
        shop = content.catalogs.default
        item = shop.products["jug-0"]
        listing = filter_products(shop, ListingQuery(page=2))
        return PageKeys(shop, content).product(item, []), PageKeys(shop, content).listing(listing)

    prices = [5] * 30
    usual = keys(prices)
    prices[7] = 6
    assert keys(prices) == usual
    page = tmp_path / "components" / "pages" / "product.jinja"
    template = page.read_text()
    for more in ("{{ shop.products | length }}", "{% set all = shop %}"):
        page.write_text(template.replace("{% block main %}", f"{{% block main %}}{more}"))
        one = keys(prices)
        prices[7] += 1
        other = keys(prices)
        assert one[0] != other[0]
        assert one[1] != other[1]


def test_a_catalog_that_is_elsewhere_is_fetched_first_unless_a_shop_follows_it_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = fake_shopify.FakeShopify()
    store.put(1, "Jug", fake_shopify.variant(11, "12.00", 3))
    page = tmp_path / "public/shops/127/products" / f"{product_name('jug')}.html"
    with serving(store.app) as store.address:
        monkeypatch.setenv("WANDSTORE_DATA", str(tmp_path / "data"))
        monkeypatch.setenv("WANDSTORE_SHOPIFY_STORE", store.address)
        monkeypatch.setenv("WANDSTORE_SHOPIFY_TOKEN", fake_shopify.TOKEN)
        assert main([str(tmp_path / "public")]) == 0
        assert "€12.00" in page.read_text()
        store.reprice(1, "13.00")
        assert main([str(tmp_path / "public")]) == 0
        assert "€13.00" in page.read_text()
        store.status = 503
        assert main([str(tmp_path / "public")]) == 0
        assert "HTTP 503" in capsys.readouterr().err
        assert "€13.00" in page.read_text()
        asked = store.questions["all"]
        with hold_folder(tmp_path / "data"):
            assert main([str(tmp_path / "public")]) == 0
        assert store.questions["all"] == asked


@pytest.mark.process
def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("wandstore cannot publish:")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    done = run(tmp_path / "letter.txt")
    assert done.returncode == 2
    assert done.stderr.startswith("wandstore cannot publish:")
    assert "Traceback" not in done.stderr


@pytest.mark.process
def test_a_catalog_that_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path / "public", WANDSTORE_CATALOG=str(tmp_path / "none.json"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
