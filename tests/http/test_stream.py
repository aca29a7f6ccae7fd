"""The stream over HTTP: what it says, who may read it, and how a reader resumes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.fake_llm import Scenario
from tests.support.fake_model import (
    SLOTS,
    Model,
    answer,
    component,
    ends_of_components,
)
from tests.support.shopper_client import (
    Shopper,
    events,
    fillers,
    fold,
    slots,
    stream_of,
)
from tests.support.stored import rows
from tools.support import http
from tools.support.server import Server

StartServer = Callable[..., Server]


def test_a_stream_says_what_the_contract_says(model_server: Server, one_model: Model) -> None:
    one_model.play(Scenario(answer()))
    with Shopper(model_server) as shopper:
        stream = stream_of(shopper.store().text)
        with shopper.stream("GET", stream) as response:
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert response.headers["cache-control"] == "no-store, no-transform"
            assert "content-encoding" not in response.headers
            seen = list(events(response.iter_lines()))
    ids = [event.id for event in seen]
    assert ids == sorted(set(ids))
    drawn = [event.payload for event in seen if event.name == "component"]
    assert [payload["slot"] for payload in drawn] == list(SLOTS)
    assert all(payload.keys() == {"slot", "type", "html"} for payload in drawn)
    progress = [event.payload for event in seen if event.name == "progress"]
    assert [step["stage"] for step in progress] == [*["generating"] * 5, "storing", "complete"]
    assert progress[-1]["percent"] == 100
    percents = [step["percent"] for step in progress]
    assert percents == sorted(percents)
    assert seen[-1].name == "ready"
    assert seen[-1].payload.keys() == {"persona_hash", "generated_at"}
    assert seen[-1].payload["persona_hash"].startswith("v2_newcomer_0_")


def test_streamed_folded_and_kept_are_the_same_html_slot_for_slot(
    model_server: Server, one_model: Model
) -> None:
    one_model.play(Scenario(answer(*(component(kind) for kind in reversed(SLOTS)))))
    with Shopper(model_server) as shopper:
        shell = shopper.store().text
        seen = shopper.follow(stream_of(shell))
        kept = shopper.store()
    assert kept.headers["x-wandstore-page"] == "kept"
    assert slots(kept.text) == fold(shell, seen)
    assert fillers(kept.text) == {slot: slot for slot in SLOTS}


def test_a_component_is_sent_as_soon_as_its_json_closes(
    composed_by_model: Server, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)))
    with Shopper(composed_by_model) as shopper:
        stream = stream_of(shopper.store().text)
        with shopper.following(stream) as seen:
            for at, slot in enumerate(SLOTS):
                model.reached(at + 1)
                first = next(event for event in seen if event.name == "component")
                assert first.payload["slot"] == slot, "the model has not gone on"
                model.release()
            assert [event.name for event in seen][-1] == "ready"


def test_a_reader_who_resumes_after_any_event_gets_exactly_the_rest(
    model_server: Server, one_model: Model
) -> None:
    one_model.play(Scenario(answer()))
    with Shopper(model_server) as shopper:
        stream = stream_of(shopper.store().text)
        whole = shopper.follow(stream)
        for at, event in enumerate(whole):
            assert shopper.follow(stream, after=event.id) == whole[at + 1 :]


def test_a_last_event_id_that_makes_no_sense_means_from_the_beginning(
    model_server: Server, one_model: Model
) -> None:
    one_model.play(Scenario(answer()))
    with Shopper(model_server) as shopper:
        stream = stream_of(shopper.store().text)
        whole = shopper.follow(stream)
        for last in ("", "0", "-5", "abc", "1e9", "9" * 40, "1; drop"):
            with shopper.stream("GET", stream, headers={"Last-Event-ID": last}) as response:
                assert list(events(response.iter_lines())) == whole, last


def test_nobody_reads_another_shoppers_stream(composed_by_model: Server, model: Model) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    with Shopper(composed_by_model) as owner, Shopper(composed_by_model) as stranger:
        stream = stream_of(owner.store().text)
        assert http.get(f"{composed_by_model.url}{stream}").status_code == 404
        stranger.store()
        refused = stranger.get(stream)
        assert refused.status_code == 404
        assert refused.headers["cache-control"] == "no-store"
        assert refused.text == "no such page\n"
    model.release()


def begun(server: Server, **headers: str) -> httpx.Response:
    """Ask for the events of a page that was fetched ahead, as a page of the shop does."""
    ours = {"Sec-Fetch-Site": "same-origin", **headers}
    return http.get(f"{server.url}/s/demo/stream/visit", headers=ours, timeout=30)


def test_a_page_that_was_fetched_ahead_begins_its_visit_with_its_stream(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    first = begun(composed_by_model)
    assert first.status_code == 200
    assert [event.name for event in events(first.text.splitlines())].count("component") == 5
    cookie, _, _ = first.headers["set-cookie"].partition(";")
    again = begun(composed_by_model, Cookie=cookie)
    assert again.status_code == 200
    assert "set-cookie" not in again.headers
    page = http.get(f"{composed_by_model.url}/store", headers={"Cookie": cookie})
    assert page.headers["x-wandstore-page"] == "kept"
    assert len(model.requests) == 1
    shopper = cookie.partition("=")[2].partition(".")[0]
    composed_by_model.stop()  # which writes what is to be written
    assert rows(composed_by_model, "SELECT id FROM shoppers") == [(shopper,)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Last-Event-ID": "1"},
    ],
)
def test_no_visit_begins_for_others_ahead_or_twice(
    composed_by_model: Server, model: Model, headers: dict[str, str]
) -> None:
    refused = begun(composed_by_model, **headers)
    assert refused.status_code == 404
    assert "set-cookie" not in refused.headers
    assert model.requests == ()


def test_any_number_of_readers_see_the_same(composed_by_model: Server, model: Model) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[2:3]))
    seen: list[Any] = []
    with Shopper(composed_by_model) as shopper:
        stream = stream_of(shopper.store().text)

        def read() -> None:
            with Shopper(composed_by_model, cookies=shopper.cookies) as tab:
                seen.append(tab.follow(stream))

        readers = [threading.Thread(target=read) for _ in range(8)]
        for reader in readers:
            reader.start()
        model.reached(1)
        model.release()
        for reader in readers:
            reader.join(30)
        assert len(seen) == 8
        assert all(events == seen[0] for events in seen)
        assert seen[0][-1].name == "ready"
    assert len(model.requests) == 1


def test_composing_goes_on_when_every_reader_has_left(
    composed_by_model: Server, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[:1]))
    with Shopper(composed_by_model) as shopper:
        stream = stream_of(shopper.store().text)
        with shopper.following(stream) as seen:
            assert next(seen).name == "component"
        model.reached(1)
        model.release()
        rest = shopper.follow(stream)
        assert rest[-1].name == "ready"
        assert fillers(shopper.store().text) == {slot: slot for slot in SLOTS}
    assert len(model.requests) == 1


def test_a_reader_that_reads_nothing_holds_up_nobody(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    with Shopper(composed_by_model) as shopper:
        stream = stream_of(shopper.store().text)
        cookie = "; ".join(f"{name}={value}" for name, value in shopper.cookies.items())
        request = f"GET {stream} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode()
        stuck = [socket.create_connection(("127.0.0.1", composed_by_model.port)) for _ in range(20)]
        for reader in stuck:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            reader.sendall(request)
        model.reached(1)
        model.release()
        assert shopper.follow(stream)[-1].name == "ready"
        for reader in stuck:
            reader.close()
        assert shopper.store().headers["x-wandstore-page"] == "kept"


def test_one_page_is_composed_once_however_many_ask_at_the_same_moment(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    streams: set[str] = set()
    with Shopper(composed_by_model) as shopper:
        streams.add(stream_of(shopper.store().text))

        def visit() -> None:
            with Shopper(composed_by_model, cookies=shopper.cookies) as tab:
                streams.add(stream_of(tab.store().text))

        visits = [threading.Thread(target=visit) for _ in range(16)]
        for one in visits:
            one.start()
        for one in visits:
            one.join(30)
    assert len(streams) == 1
    model.reached(1)
    model.release()
    assert len(model.requests) == 1


def test_a_silent_stream_is_kept_alive_with_comments(serve: StartServer, model: Model) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    server = serve(WANDSTORE_HEARTBEAT_SECONDS="0.05", **model.environment)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        with shopper.stream("GET", stream) as response:
            lines = response.iter_lines()
            assert next(lines) == ": open"
            assert next(line for line in lines if line) == ": still here"
            model.release()
            assert list(events(lines))[-1].name == "ready"
