"""A shopper through the Worker, a real container behind it: shell, stream, kept page, return."""

from __future__ import annotations

import re
import signal
import threading
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import pytest

from tests.support.fake_llm import Scenario
from tests.support.fake_model import SLOTS, Model, answer, component, ends_of_components
from tests.support.shopper_client import (
    SentEvent,
    Shopper,
    fillers,
    fold,
    slots,
    stream_of,
)
from tests.support.waiting import eventually
from tools.support.edge import Edge

STREAM = "/s/demo/stream/edge"


def told(edge: Edge, event: str, *fields: str) -> list[tuple[Any, ...]]:
    """Return these fields of what the Worker has told so far of such events."""
    return [tuple(line[name] for name in fields) for line in edge.worker.told(event)]


def components(seen: list[SentEvent]) -> list[str]:
    return [event.payload["slot"] for event in seen if event.name == "component"]


def test_the_shell_is_there_before_the_models_first_token(edge: Edge, model: Model) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    with Shopper(edge) as shopper:
        shell = shopper.store()
        assert shell.headers["x-wandstore-page"] == "shell"
        assert fillers(shell.text) == dict.fromkeys(SLOTS, "fallback")
        assert stream_of(shell.text) == STREAM
        model.reached(1)
        model.release()
        assert components(shopper.follow(STREAM)) == list(SLOTS)


def test_the_composing_begins_with_the_visit_and_not_with_the_stream(
    edge: Edge, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    with Shopper(edge) as shopper:
        shopper.store()
        model.reached(1)
        model.release()
        assert components(shopper.follow(STREAM)) == list(SLOTS)
        assert len(model.requests) == 1


def test_each_event_comes_through_before_the_model_goes_on(edge: Edge, model: Model) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)))
    with Shopper(edge) as shopper:
        shopper.store()
        with shopper.following(STREAM) as coming:
            for at, slot in enumerate(SLOTS):
                model.reached(at + 1)
                event = next(event for event in coming if event.name == "component")
                assert event.payload["slot"] == slot
                model.release()
            assert [event.name for event in coming][-1] == "ready"


def test_streamed_page_and_the_next_visits_page_are_the_same(edge: Edge, model: Model) -> None:
    model.play(Scenario(answer()))
    with Shopper(edge) as shopper:
        shell = shopper.store().text
        seen = shopper.follow(STREAM)
        kept = shopper.store()
        assert kept.headers["x-wandstore-page"] == "kept"
        assert slots(kept.text) == fold(shell, seen)
        assert stream_of(kept.text) == ""
        assert len(model.requests) == 1


def test_no_lie_comes_through_streamed_or_kept(edge: Edge, model: Model) -> None:
    lies = [
        *("Medically proven to help you sleep.", "Only three left.", "Delivered tomorrow."),
        *("Yours for 149 kr.", "Heute zum halben Preis.", "Voted the best lamp in the world."),
        *("Free shipping on every order.", "Hurry, while it lasts.", "It is 199 cm tall."),
    ]
    told = [component("hero", text=lie) for lie in lies]
    model.play(Scenario(answer(*told, *map(component, SLOTS[1:]))), Scenario(answer(*told)))
    with Shopper(edge) as shopper:
        shell = shopper.store().text
        seen = shopper.follow(STREAM)
        kept = shopper.store()
    assert kept.headers["x-wandstore-page"] == "kept"
    assert components(seen)[: len(SLOTS) - 1] == list(SLOTS[1:]), "what tells none comes as ever"
    shown = kept.text + str(fold(shell, seen))
    assert [lie for lie in lies if lie in shown] == []


@pytest.mark.process
def test_a_kept_page_needs_no_container(edge: Edge, model: Model) -> None:
    model.play(Scenario(answer()))
    with Shopper(edge) as shopper:
        shopper.store()
        shopper.follow(STREAM)
        edge.kill()
        kept = shopper.store()
        assert kept.headers["x-wandstore-page"] == "kept"
        assert fillers(kept.text) == {slot: slot for slot in SLOTS}
        again = shopper.get("/store", headers={"If-None-Match": kept.headers["etag"]})
        assert again.status_code == httpx.codes.NOT_MODIFIED


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "calls"),
    [
        pytest.param(answer(), 1, id="whole"),
        pytest.param(answer(component("cta")), 2, id="without what a page needs"),
        pytest.param(answer(component("hero", headline="A draft")) + answer(), 1, id="corrected"),
    ],
)
def test_a_newcomer_gets_what_was_decided_for_the_first_one_whole_and_needs_no_container(
    edge: Edge, model: Model, text: str, calls: int
) -> None:
    model.play(Scenario(text))
    with Shopper(edge) as first, Shopper(edge) as second:
        shell = first.store().text
        seen = first.follow(STREAM)
        edge.kill()
        page = second.store()
        assert page.headers["x-wandstore-page"] == "kept"
        assert slots(page.text) == fold(shell, seen)
        assert stream_of(page.text) == ""
        again = second.get("/store", headers={"If-None-Match": page.headers["etag"]})
        assert again.status_code == httpx.codes.NOT_MODIFIED
        assert second.cookies["shopper_demo"] != first.cookies["shopper_demo"]
    looked = [("unasked", "miss"), ("unasked", "hit"), ("miss", "hit")]
    eventually(lambda: told(edge, "page", "kv", "shared")[-3:] == looked)
    assert len(model.requests) == calls


def test_who_reloads_in_mid_stream_and_after_it_gets_the_finished_page_and_nothing_anew(
    edge: Edge, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(100,)))
    with Shopper(edge) as shopper:
        shopper.store()
        model.reached(1)
        assert shopper.store().headers["x-wandstore-page"] == "shell"
        model.release()
        shopper.follow(STREAM)
        assert shopper.store().headers["x-wandstore-page"] == "kept"
        assert len(model.requests) == 1


def test_a_shopper_who_left_in_mid_stream_resumes_where_they_were(edge: Edge, model: Model) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[1:2]))
    with Shopper(edge) as shopper:
        shell = shopper.store().text
        model.reached(1)
        seen: list[SentEvent] = []
        with shopper.following(STREAM) as coming:
            for event in coming:
                seen.append(event)
                if components(seen) == ["hero", "filters"]:
                    break
        model.release()
        with Shopper(edge, shopper.cookies) as other_tab:
            rest = other_tab.follow(STREAM, after=seen[-1].id)
        assert components(rest) == ["grid", "recommendations", "cta"]
        assert fold(shell, [*seen, *rest]) == slots(shopper.store().text)
        assert len(model.requests) == 1


def test_who_comes_back_after_the_page_has_ended_resumes_as_well(edge: Edge, model: Model) -> None:
    model.play(Scenario(answer()))
    with Shopper(edge) as shopper:
        shopper.store()
        seen = shopper.follow(STREAM)
        for at, event in enumerate(seen):
            assert shopper.follow(STREAM, after=event.id) == seen[at + 1 :]
        assert len(model.requests) == 1


def test_nobody_reading_ends_no_composing(edge: Edge, model: Model) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[:1]))
    with Shopper(edge) as shopper:
        shopper.store()
        with shopper.following(STREAM) as coming:
            assert next(event for event in coming if event.name == "component")
        model.release()
        assert components(shopper.follow(STREAM)) == list(SLOTS)
        assert len(model.requests) == 1


def test_two_tabs_read_one_composing(edge: Edge, model: Model) -> None:
    model.play(Scenario(answer(), hold_after=(100,)))
    read: list[list[SentEvent]] = []
    with Shopper(edge) as shopper:
        shopper.store()

        def follow() -> None:
            with Shopper(edge, shopper.cookies) as tab:
                read.append(tab.follow(STREAM))

        tabs = [threading.Thread(target=follow) for _ in range(2)]
        for tab in tabs:
            tab.start()
        model.reached(1)
        model.release()
        for tab in tabs:
            tab.join(30)
    assert len(read) == 2
    assert components(read[0]) == components(read[1]) == list(SLOTS)
    assert len(model.requests) == 1


@pytest.mark.process
def test_a_container_killed_in_mid_stream_and_started_again_loses_nothing(
    edge: Edge, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[1:2]), Scenario(text))
    seen: list[SentEvent] = []
    with Shopper(edge) as shopper:
        shell = shopper.store().text
        with suppress(httpx.HTTPError), shopper.following(STREAM) as coming:
            for event in coming:
                seen.append(event)
                if components(seen) == ["hero", "filters"]:
                    edge.kill()
        assert components(seen) == ["hero", "filters"]
        edge.start()
        rest = shopper.follow(STREAM, after=seen[-1].id)
        assert rest[-1].name == "ready"
        assert fold(shell, [*seen, *rest]) == slots(shopper.store().text)


@pytest.mark.process
def test_a_container_that_has_forgotten_everything_finds_it_behind_the_worker(
    edge: Edge, model: Model
) -> None:
    model.play(Scenario(answer()))
    with Shopper(edge) as shopper:
        shopper.store()
        first = shopper.follow(STREAM)
        edge.kill()
        for file in edge.container.data.glob("*"):
            file.unlink()
        edge.start()
        again = shopper.follow(STREAM)
        assert [item.payload for item in again if item.name == "component"] == [
            item.payload for item in first if item.name == "component"
        ]
        assert len(model.requests) == 1


@pytest.mark.process
def test_a_container_replaced_in_mid_stream_ends_the_page_first_and_no_reader_sees_it(
    edge: Edge, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[1:2]))
    with Shopper(edge) as shopper:
        shell = shopper.store().text
        model.reached(1)
        with shopper.following(STREAM) as coming:
            seen = [next(event for event in coming if event.name == "component")]
            assert edge.container.process is not None
            edge.container.process.send_signal(signal.SIGTERM)
            model.release()
            seen += coming
        assert components(seen) == list(SLOTS)
        assert seen[-1].name == "ready"
        kept = shopper.store()
        assert kept.headers["x-wandstore-page"] == "kept"
        assert fold(shell, seen) == slots(kept.text)
    assert len(model.requests) == 1


@pytest.mark.process
def test_a_container_that_starts_late_is_waited_for(edge: Edge, model: Model) -> None:
    model.play(Scenario(answer()))
    edge.kill()
    with Shopper(edge) as shopper:
        assert shopper.store().headers["x-wandstore-page"] == "shell"
        starting = threading.Timer(0.5, edge.start)
        starting.start()
        assert components(shopper.follow(STREAM)) == list(SLOTS)
        starting.join()


def test_what_the_worker_tells_names_nobody(edge: Edge, model: Model) -> None:
    model.play(Scenario(answer()))
    with Shopper(edge) as shopper:
        shopper.store()
        shopper.follow(STREAM)
        shopper.store()
        cookie = shopper.cookies["shopper_demo"]
    eventually(lambda: told(edge, "page", "how")[-2:] == [("shell",), ("kept",)])
    eventually(lambda: told(edge, "stream", "outcome")[-1:] == [("200",)])
    assert cookie.split(".")[0] not in edge.worker.log


def test_what_was_looked_at_is_on_the_next_page_although_all_of_the_kind_share_one(
    edge: Edge, model: Model
) -> None:
    viewed = ["tide-vase", "oak-board", "field-throw"]
    order = {"kind": "purchase", "items": [{"product": "dusk-lamp"}]}
    ours = {"sec-fetch-site": "same-origin"}
    model.play(*[Scenario(answer())] * 2)

    def report(shopper: Shopper, *names: str, orders: int = 0) -> None:
        events = [*[order] * orders, *({"kind": "view", "product": name} for name in names)]
        assert shopper.post("/signals", json={"events": events}, headers=ours).is_success

    def shows(shopper: Shopper, names: list[str]) -> bool:
        filled = slots(shopper.store().text).get("recent", ("", ""))
        return re.findall(r'/products/([\w-]+)"', filled[1]) == names

    with Shopper(edge) as first, Shopper(edge) as second:
        for shopper in (first, second):
            shopper.follow(stream_of(shopper.store().text) or STREAM)
            report(shopper, *viewed, orders=1)
            eventually(partial(shows, shopper, viewed[::-1]))
        report(second, "tide-vase")
        eventually(partial(shows, second, ["tide-vase", "field-throw", "oak-board"]))
        assert shows(first, viewed[::-1])
    assert len(model.requests) == 2
