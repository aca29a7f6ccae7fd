"""How the process ends: kindly with its pages, or killed, and nothing that was kept is lost."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer, ends_of_components
from tests.support.shopper_client import Shopper, fold, slots, stream_of
from tests.support.stored import forget_layouts, kept_pages, rows
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import ROOT, Server

GENERATIONS = "SELECT status, error_message FROM ui_generations"


def wait_until_it_takes_nobody_more(server: Server) -> None:
    while True:
        try:
            http.get(f"{server.url}/health")
        except httpx.TransportError:
            return


RUNAWAY = """
    @field_validator("headline")
    @classmethod
    def _is_no_shout(cls, headline: str) -> str:
        Path({reached!r}).touch()
        re.match("(a|a?)+$", 64 * "a" + headline)
        return headline
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP], ids=lambda how: how.name)
def test_a_page_gets_its_grace_and_its_readers_their_ready(
    serve: StartServer, model: Model, how: signal.Signals
) -> None:
    if signal.getsignal(how) is signal.SIG_IGN:
        pytest.skip("these tests are run so that they outlive their terminal, and so is the shop")
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[1:2]))
    server = serve(WANDSTORE_GRACE="20", **model.environment)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        with shopper.following(stream) as seen:
            assert next(seen).name == "component"
            model.reached(1)
            assert server.process is not None
            server.process.send_signal(how)
            wait_until_it_takes_nobody_more(server)
            model.release()
            assert list(seen)[-1].name == "ready"
        assert server.process.wait(60) == -how
        server.start()
        assert shopper.store().headers["x-wandstore-page"] == "kept"
    assert len(model.requests) == 1


def test_on_sigterm_a_page_that_does_not_finish_is_not_kept_and_its_readers_resume(
    serve: StartServer, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[1:2]), Scenario(text))
    server = serve(WANDSTORE_GRACE="0.2", **model.environment)
    with Shopper(server) as shopper:
        shell = shopper.store().text
        stream = stream_of(shell)
        with shopper.following(stream) as reading:
            first = [next(reading)]
            model.reached(1)
            assert server.kill(signal.SIGTERM) == -signal.SIGTERM
            first += list(reading)
        assert {event.name for event in first} == {"component", "progress"}, "no last word"
        assert kept_pages(server) == []
        assert rows(server, GENERATIONS) == [("failed", "interrupted")]
        server.start()
        rest = shopper.follow(stream, after=first[-1].id)
        assert rest[0].id > first[-1].id
        assert rest[-1].name == "ready"
        assert fold(shell, [*first, *rest]) == slots(shopper.store().text)
    assert len(model.requests) == 2


def test_a_second_sigterm_ends_the_pages_and_still_keeps_the_records(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    server = serve(WANDSTORE_GRACE="600", **model.environment)
    with Shopper(server) as shopper:
        shopper.store()
        model.reached(1)
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        wait_until_it_takes_nobody_more(server)
        assert server.kill(signal.SIGTERM) == -signal.SIGTERM
    assert rows(server, GENERATIONS) == [("failed", "interrupted")]


def test_a_server_killed_while_it_composes_comes_back_whole(
    serve: StartServer, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text), Scenario(text, hold_after=(200,)), Scenario(text))
    server = serve(WANDSTORE_PAGE_MEMORY_SECONDS="0", **model.environment)
    with Shopper(server) as early:
        early.follow(stream_of(early.store().text))
        kept = early.store()
        forget_layouts(server)
        with Shopper(server) as late:
            stream = stream_of(late.store().text)
            model.reached(1)
            server.kill()
            server.start()
            assert late.follow(stream)[-1].name == "ready"
            assert late.store().headers["x-wandstore-page"] == "kept"
        again = early.store()
    assert again.headers["x-wandstore-page"] == "kept"
    assert again.text == kept.text


def shop_until_it_is_gone(server: Server, finished: list[httpx.Cookies]) -> None:
    """Be one new shopper after the other; note the cookies of who was shown a kept page."""
    with suppress(httpx.HTTPError):
        while True:
            with Shopper(server) as shopper:
                forget_layouts(server)
                if stream := stream_of(shopper.store().text):
                    shopper.follow(stream)
                if shopper.store().headers["x-wandstore-page"] == "kept":
                    finished.append(shopper.cookies)


def test_a_kill_at_any_moment_loses_nothing_that_was_kept(serve: StartServer, model: Model) -> None:
    model.play(Scenario(answer(), deltas_per_second=2000))
    server = serve(WANDSTORE_PAGE_MEMORY_SECONDS="0", **model.environment)
    finished: list[httpx.Cookies] = []
    for pages in (2, 5, 8, 12):
        finished.clear()
        with ThreadPoolExecutor(4) as crowd:
            for _ in range(4):
                crowd.submit(shop_until_it_is_gone, server, finished)
            eventually(lambda: finished[pages:])  # noqa: B023 - it is waited for at once
            server.kill()
        server.start()
        for cookies in finished:
            with Shopper(server, cookies=cookies) as shopper:
                assert shopper.store().headers["x-wandstore-page"] == "kept"


def test_who_waits_for_a_page_that_a_shutdown_breaks_off_is_told_to_come_again(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    server = serve(WANDSTORE_GRACE="0.3", **model.environment)
    body = {
        "shopper_id": f"shop_{1:032x}",
        "persona": {"type": "newcomer", "confidence": 0},
        "shop": {"shop_id": "demo"},
    }
    sent: list[httpx.Response] = []
    call = threading.Thread(
        target=lambda: sent.append(http.post(f"{server.url}/generate", json=body))
    )
    call.start()
    model.reached(1)
    server.kill(signal.SIGTERM)
    call.join(30)
    assert sent[0].status_code == 500
    assert sent[0].json()["error"]["code"] == "CONTAINER_ERROR"
    assert sent[0].json()["error"]["retryable"] is True


def test_a_component_that_never_comes_back_holds_no_signal_up_and_is_named(
    serve: StartServer, tmp_path: Path
) -> None:
    for part in ("components", "prompts", "static", "demo"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    hero, reached = tmp_path / "components" / "hero.py", tmp_path / "reached"
    needs = "import re\nfrom pathlib import Path\n\nfrom pydantic import field_validator\n"
    said, text = hero.read_text().split("\n", 1)
    hero.write_text(f"{said}\n{needs}{text}{RUNAWAY.format(reached=str(reached))}")
    server = serve(WANDSTORE_ROOT=str(tmp_path), WANDSTORE_GRACE="0", WANDSTORE_HOUSE_PACE="0")
    with Shopper(server) as shopper:
        shopper.store()
    eventually(reached.exists)
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    server.process.send_signal(signal.SIGSTOP)  # its alarm goes on while it computes for nobody
    time.sleep(7.5)
    server.process.send_signal(signal.SIGCONT)
    assert server.process.wait(60) == -signal.SIGTERM
    assert f"{hero}, line" in json.loads(server.log.splitlines()[-1])["message"]
