"""What holds for every page and file: security headers, valid HTML, and links that lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.support.cases import each
from tests.support.fake_model import demo_products
from tests.support.markup import parsed
from tests.support.shopper_client import stream_of
from tools.support import http
from tools.support.server import Server

PRODUCT = demo_products()[0]["id"]
STORE, LISTING, NOTHING = "/store", "/store?category=Lamps&sort=name", "/store?category=Nothing"
SEARCH, PRODUCT_PAGE, MISSING = "/store?q=%3Cb%3E%22%26", f"/products/{PRODUCT}", "/nowhere"
CATEGORIES = "/categories"
PAGES = [STORE, LISTING, NOTHING, SEARCH, CATEGORIES, PRODUCT_PAGE, MISSING]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; manifest-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def shop(house_server: Server) -> Iterator[httpx.Client]:
    """A shopper whose page is kept."""
    with http.Client(base_url=house_server.url, timeout=30) as client:
        client.get(stream_of(client.get(STORE).text))
        yield client


def attribute(html: str, tag: str, name: str) -> str:
    element = parsed(html).find(f".//{tag}[@{name}]")
    assert element is not None
    return element.attrib[name]


def assert_guarded(answered: httpx.Response) -> None:
    """Check the headers that everything goes out with."""
    headers = answered.headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "server" not in headers


@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_what_is_not_ours(shop: httpx.Client, path: str) -> None:
    page = shop.get(path)
    assert_guarded(page)
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["x-wandstore-page"]


@pytest.mark.parametrize("path", ["/store", "/store?category=Lamps", "/products/dusk-lamp"])
def test_products_may_be_fetched_ahead_by_rules_from_a_file(shop: httpx.Client, path: str) -> None:
    address = shop.get(path).headers["speculation-rules"]
    rules = shop.get(address.strip('"'))
    assert rules.headers["content-type"] == "application/speculationrules+json"
    assert_guarded(rules)
    (rule,) = rules.json()["prefetch"]
    assert rule["eagerness"] == "moderate"
    assert rule["where"]["href_matches"] == ["/products/*", "/s/*/products/*"]


def test_the_shell_forbids_the_same_as_the_kept_page(house_server: Server) -> None:
    shell = http.get(f"{house_server.url}/store")
    assert shell.headers["x-wandstore-page"] == "shell"
    assert_guarded(shell)
    assert shell.headers["content-security-policy"] == POLICY


def test_a_file_may_not_act_as_a_page(shop: httpx.Client) -> None:
    page = shop.get(STORE).text
    style = attribute(page, "link[@rel='stylesheet']", "href")
    for path in (style, attribute(page, "img", "src"), "/static/none.js", "/pictures/demo/none"):
        answered = shop.get(path)
        assert_guarded(answered)
        assert answered.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_a_stream_is_guarded_like_any_file(house_server: Server) -> None:
    with http.Client(base_url=house_server.url, timeout=30) as client:
        stream = client.get(stream_of(client.get(STORE).text))
        assert stream.status_code == 200
        assert stream.headers["x-content-type-options"] == "nosniff"
        assert_guarded(http.get(str(stream.url)))


def test_no_page_has_a_script_style_or_handler_of_its_own(shop: httpx.Client) -> None:
    for path in PAGES:
        tree = parsed(shop.get(path).text)
        for element in tree.iter():
            assert element.tag != "style"
            is_data = element.get("type") == "application/ld+json"
            ours = element.get("src", "").startswith("/static/")
            assert element.tag != "script" or is_data or ours
            assert not [name for name in element.attrib if name.startswith("on") or name == "style"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_valid_html(shop: httpx.Client, path: str) -> None:
    parsed(shop.get(path).text)


def test_the_shell_is_valid_html(house_server: Server) -> None:
    parsed(http.get(f"{house_server.url}/store").text)


def test_every_products_page_is_valid_html(shop: httpx.Client) -> None:
    for item in demo_products():
        parsed(shop.get(f"/products/{item['id']}").text)


@pytest.mark.parametrize("path", PAGES)
def test_ids_on_a_page_are_unique_and_what_refers_to_them_finds_them(
    shop: httpx.Client, path: str
) -> None:
    tree = parsed(shop.get(path).text)
    ids = [element.attrib["id"] for element in tree.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    for element in tree.iter():
        for name in ("aria-labelledby", "for"):
            assert set(element.get(name, "").split()) <= set(ids)
        if element.get("href", "").startswith("#"):
            assert element.attrib["href"][1:] in ids


def addresses(html: str) -> set[str]:
    """Return every address that a page points at."""
    return {
        element.attrib[name]
        for element in parsed(html).iter()
        for name in ("href", "src", "action")
        if name in element.attrib
    }


def test_every_link_on_every_page_leads_somewhere_in_the_shop(shop: httpx.Client) -> None:
    found: set[str] = set()
    for path in [*PAGES, f"{STORE}?page=2"]:
        within = addresses(shop.get(path).text)
        found |= {urljoin(path, address) for address in within if not address.startswith("#")}
    assert len(found) > 20
    assert {urlsplit(address).netloc for address in found} == {""}
    broken = {address: shop.get(address).status_code for address in found}
    assert {address for address, status in broken.items() if status != 200} == set()


def test_every_picture_and_file_is_what_its_type_says(shop: httpx.Client) -> None:
    page = shop.get(STORE).text
    for address in addresses(page):
        if address.startswith("/static/"):
            answered = shop.get(address)
            assert answered.headers["cache-control"] == "public, max-age=31536000, immutable"
        elif address.startswith("/pictures/"):
            answered = shop.get(address)
            assert answered.headers["content-type"].startswith("image/")
            assert "max-age=" in answered.headers["cache-control"]


def test_a_file_of_an_older_page_is_still_there_and_not_cached_for_good(
    shop: httpx.Client,
) -> None:
    style = attribute(shop.get(STORE).text, "link[@rel='stylesheet']", "href")
    stem, _, suffix = style.rsplit(".", 2)
    older = shop.get(f"{stem}.{'0' * 10}.{suffix}")
    assert older.status_code == 200
    assert older.headers["cache-control"] == "public, no-cache"


@each(
    "path",
    [
        "/static/..%2f..%2fpyproject.toml",
        "/static/../pyproject.toml",
        "/pictures/demo/../catalog.json",
        "/pictures/demo/..%2fcatalog.json",
        "/pictures/demo/%2e%2e/catalog.json",
        "/pictures/demo/.hidden.svg",
        "/pictures/none/dusk-lamp.svg",
        "/pictures/demo//etc/passwd",
    ],
)
def test_nothing_outside_the_folders_is_served(house_server: Server, path: str) -> None:
    target = httpx.URL(house_server.url).copy_with(raw_path=path.encode())
    answered = http.get(target)
    assert answered.status_code == 404
    assert "products" not in answered.text or "text/html" in answered.headers["content-type"]


def test_health_is_json_and_asks_nobody(house_server: Server) -> None:
    answered = http.get(f"{house_server.url}/health")
    assert_guarded(answered)
    assert answered.headers["content-type"] == "application/json"
    health = answered.json()
    assert health["status"] == "healthy"
    assert health["checks"] == {
        "kv_connection": "ok",
        "database": "ok",
        "llm_api": "not_configured",
        "catalog": "ok",
        "prompts": "ok",
        "client_addresses": "ok",
    }
    assert health["uptime_seconds"] >= 0


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/store/", "/store"),
        ("/store/?category=Lamps&q=a%20b", "/store?category=Lamps&q=a%20b"),
        ("/s/demo/", "/s/demo"),
        ("/products/caf%C3%A9/", "/products/caf%C3%A9"),
    ],
)
def test_an_address_with_a_slash_at_its_end_leads_to_the_one_without(
    house_server: Server, path: str, location: str
) -> None:
    answered = http.get(f"{house_server.url}{path}", follow_redirects=False)
    assert (answered.status_code, answered.headers["location"]) == (308, location)


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/store//", "/nowhere/", "/products/", "/nowhere%0a/"]
)
def test_no_other_slash_leads_anywhere(house_server: Server, path: str) -> None:
    assert http.get(f"{house_server.url}{path}", follow_redirects=False).status_code == 404
