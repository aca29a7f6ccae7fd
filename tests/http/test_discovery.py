"""Files at the root, and the form of a page that is asked for, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import QUICK
from tests.support.fake_model import demo_products
from tests.support.in_process import InProcessServer
from tools.support import http
from tools.support.server import Server

PUBLIC = "https://shop.example"
NAMES = ("robots.txt", "sitemap.xml", "sitemap-demo-1.xml", "llms.txt", "favicon.ico")
PATHS = (
    "/store",
    "/categories",
    "/store?category=Lamps",
    "/store?q=lamp",
    f"/products/{demo_products()[0]['id']}",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    public = {**QUICK, "WANDSTORE_PUBLIC_URL": PUBLIC}
    with InProcessServer(tmp_path_factory.mktemp("shop") / "data", public) as made:
        yield made


def test_no_address_comes_from_the_host_that_a_request_names(server: Server) -> None:
    for path in (*(f"/{name}" for name in NAMES), *PATHS):
        for header in ("host", "x-forwarded-host", "forwarded"):
            asked = {header: "host=evil.example" if header == "forwarded" else "evil.example"}
            for form in ({}, {"accept": "text/markdown"}):
                sent = http.get(f"{server.url}{path}", headers={**asked, **form})
                assert sent.is_success
                assert b"evil.example" not in sent.content


def test_files_at_the_root_are_kept_for_an_hour_and_asked_for_again_by_their_etag(
    server: Server,
) -> None:
    for name in NAMES:
        sent = http.get(f"{server.url}/{name}")
        assert sent.headers["cache-control"] == "public, max-age=3600"
        assert "sandbox" in sent.headers["content-security-policy"]
        again = http.get(f"{server.url}/{name}", headers={"if-none-match": sent.headers["etag"]})
        assert again.status_code == 304


def test_what_nobody_has_set_is_not_there(house_server: Server) -> None:
    for name in ("sitemap.xml", "sitemap-demo-1.xml", ".well-known/security.txt"):
        sent = http.get(f"{house_server.url}/{name}")
        assert sent.status_code == 404
        assert "Not here any more" in sent.text


@pytest.mark.parametrize("path", PATHS)
def test_who_asks_for_markdown_gets_it_and_becomes_no_shopper(server: Server, path: str) -> None:
    sent = http.get(f"{server.url}{path}", headers={"accept": "text/markdown, text/html;q=0.9"})
    assert sent.headers["content-type"] == "text/markdown; charset=utf-8"
    assert sent.text.startswith("# ")
    assert "set-cookie" not in sent.headers
    assert "<" not in sent.text.replace("\\<", "")


@pytest.mark.parametrize("path", PATHS)
def test_one_address_with_two_forms_says_so_to_caches(server: Server, path: str) -> None:
    for accept in ("text/markdown", "text/html", "*/*"):
        sent = http.get(f"{server.url}{path}", headers={"accept": accept})
        vary = {name.strip() for name in sent.headers["vary"].split(",")}
        assert "accept" in vary, accept
        assert sent.headers["content-type"].startswith(
            "text/markdown" if accept == "text/markdown" else "text/html"
        )
