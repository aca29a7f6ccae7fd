"""Two shops behind the nginx of deploy/: streams, clients' addresses, one of them gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer, assert_written_one_by_one, ends_of_components
from tests.support.shopper_client import Shopper, stream_of
from tools.support import http
from tools.support.nginx import Nginx
from tools.support.server import HeldPort, find_program

pytestmark = pytest.mark.skipif(find_program("nginx") is None, reason="NO NGINX (tools/install.sh)")

SECRET = {"SESSION_SECRET": "one secret for both of them"}
SMALL, LARGE = b"{" + b" " * 8_000, b"{" + b" " * 70_000


@contextmanager
def before(folder: Path, *ports: int) -> Iterator[Nginx]:
    with Nginx(folder / "nginx", [f"127.0.0.1:{port}" for port in ports]) as running:
        yield running


def visit(proxy: Nginx, address: str) -> str:
    """Visit from an address of this machine, saying that it is another."""
    forged = {"X-Forwarded-For": "192.0.2.1", "X-Real-IP": "192.0.2.1"}
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=60) as client:
        return client.get(f"{proxy.url}/store", headers=forged).headers["x-wandstore-page"]


def test_two_shops_are_one_behind_the_proxy(serve: StartServer, tmp_path: Path) -> None:
    shops = [serve(name, **SECRET) for name in ("one", "two")]
    with before(tmp_path, *(shop.port for shop in shops)) as proxy:
        with Shopper(proxy) as shopper:
            shopper.store()
            cookies = dict(shopper.cookies)
            for _ in range(3):
                shopper.store()
            assert dict(shopper.cookies) == cookies, "both know the cookie"
        seen = [http.get(f"{shop.url}/metrics").text for shop in shops]
        assert all("wandstore_visits_total{" in text for text in seen), "both were asked"

        ours = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
        small, large = (
            http.post(f"{proxy.url}/signals", content=body, headers=ours) for body in (SMALL, LARGE)
        )
        assert (small.status_code, large.status_code) == (401, 413)
        assert "nginx" in large.text
        outside = [http.get(f"{proxy.url}/{page}") for page in ("metrics", "status", "insights")]
        outside.append(http.post(f"{proxy.url}/generate", json={}))
        assert {answered.status_code for answered in outside} == {401, 403}

        for shop in shops:  # each is replaced, the second as soon as the first is back
            shop.stop()
            assert {http.get(f"{proxy.url}/store").status_code for _ in range(4)} == {200}
            shop.start()


def test_a_stream_comes_event_by_event_although_the_other_shop_is_gone(
    serve: StartServer, model: Model, tmp_path: Path
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)))
    shop = serve(**SECRET, **model.environment)
    with (
        HeldPort() as gone,
        before(tmp_path, gone.number, shop.port) as proxy,
        Shopper(proxy) as shopper,
    ):
        stream = stream_of(shopper.store().text)
        with shopper.following(stream) as events:
            assert_written_one_by_one(model, events)


def test_each_address_counts_by_itself_and_is_not_what_its_client_says(
    serve: StartServer, model: Model, tmp_path: Path
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    shop = serve(WANDSTORE_PAGES_PER_ADDRESS="1", **model.environment)
    with HeldPort() as gone, before(tmp_path, gone.number, shop.port) as proxy:
        assert [visit(proxy, "127.0.0.2") for _ in range(2)] == ["shell", "fallback"]
        assert visit(proxy, "127.0.0.3") == "shell"
        checks = http.get(f"{proxy.url}/health").json()["checks"]
        assert checks["client_addresses"] == "ok"
    model.release()
