"""Crawlers: a complete page, no cookie, and never a token."""

from __future__ import annotations

import time

import pytest

from app.web.cookies import LIFETIME, SessionSigner
from app.web.crawlers import is_crawler
from tests.conftest import StartServer
from tests.support.fake_model import SLOTS, Model
from tests.support.shopper_client import fillers
from tools.support import http
from tools.support.server import Server

SECRET = "a secret of some length"  # noqa: S105 - made for these tests
CRAWLERS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0) Chrome/120.0",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)",
    "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@example.com)",
    "facebookexternalhit/1.1",
    "Mozilla/5.0 (compatible; Yahoo! Slurp)",
    "Twitterbot/1.0",
    "Mozilla/5.0 (compatible; Baiduspider/2.0)",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0)",
    "WhatsApp/2.23.20 A",
]
SHOPPERS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X19 Build/PPR1) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "",
]


@pytest.mark.parametrize("name", CRAWLERS, ids=lambda name: name[-24:])
def test_a_crawler_is_known_by_its_name(name: str) -> None:
    assert is_crawler([(b"host", b"x"), (b"user-agent", name.encode())])


@pytest.mark.parametrize("name", SHOPPERS, ids=lambda name: name[-24:])
def test_a_browser_is_no_crawler(name: str) -> None:
    assert not is_crawler([(b"user-agent", name.encode())])


def test_a_crawler_gets_a_complete_page_and_nobody_is_asked(
    composed_by_model: Server, model: Model
) -> None:
    for name in CRAWLERS:
        page = http.get(f"{composed_by_model.url}/store", headers={"User-Agent": name})
        assert page.status_code == 200
        assert page.headers["x-wandstore-page"] == "fallback"
        assert "set-cookie" not in page.headers
        assert "data-stream" not in page.text
        assert fillers(page.text) == dict.fromkeys(SLOTS, "fallback")
    assert model.requests == ()


def test_who_only_asks_for_the_head_costs_nothing(serve: StartServer, model: Model) -> None:
    server = serve(**model.environment, SESSION_SECRET=SECRET)
    expires = int(time.time()) + LIFETIME - 60
    known = SessionSigner(SECRET.encode()).cookie(f"shop_{'0' * 32}", "demo", expires, secure=False)
    for cookie in ("", known.decode().partition(";")[0]):
        page = http.head(f"{server.url}/store", headers={"Cookie": cookie})
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
    server.stop()  # which ends what has been begun
    assert model.requests == ()
