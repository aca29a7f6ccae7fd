"""Every fault, of either provider, at every moment: the page ends, every slot filled, as told.

What a fault of a provider is at each moment its client tells, and alike; here each fault is of both,
and at each moment of one.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from tests.support.fake_llm import Fault, Scenario, response_bytes
from tests.support.fake_llm.scenario import FaultKind, Moment
from tests.support.fake_model import (
    KEY,
    SLOTS,
    Model,
    answer,
    ends_of_components,
    playing,
)
from tests.support.in_process import InProcessServer
from tests.support.shopper_client import fillers, slots
from tools.support import http
from tools.support.server import Server

TEXT = answer()
ENDS = ends_of_components(TEXT)
GRID_BEGINS, GRID_ENDS = TEXT.index('{"type": "grid"'), ENDS[2]

Place = TypeVar("Place")
PROVIDERS = ("openai", "anthropic")
MOMENTS: Mapping[str, tuple[Moment, int]] = {
    "before the first token": ("first_token", 0),
    "inside a component": ("chars", GRID_BEGINS + 40),
    "between components": ("chars", GRID_ENDS),
    "after the last": ("finish", 0),
}
USUAL = {
    "WANDSTORE_RETRY_SECONDS": "0.05",
    "WANDSTORE_PAGE_SECONDS": "40",
    "WANDSTORE_BREAKER_FAILURES": "1000000",
}
IMPATIENT = {"WANDSTORE_FIRST_TOKEN_SECONDS": "0.4", "WANDSTORE_SILENCE_SECONDS": "0.4"}
"""For models that stall, and for no others: whoever is only slow must not be taken for one."""


class Outcome(NamedTuple):
    """What must come of a fault: the page's status, who wrote it, and codes that are counted."""

    status: str
    writers: str
    codes: tuple[str, ...] = ()


BROKEN = "model_failed:MODEL_UNAVAILABLE"
LATE = "model_failed:TIMEOUT"


def breaks(code: str) -> dict[str, Outcome]:
    """Return what must come of an answer that breaks off, whose failure has this code."""
    retried = code.replace("model_failed", "retried")
    return {
        "before the first token": Outcome("success", "house", (retried, code)),
        "inside a component": Outcome("success", "model+house", (code,)),
        "between components": Outcome("partial", "model", (code,)),
        "after the last": Outcome("success", "model", (code,)),
    }


UNREADABLE = {
    **dict.fromkeys(MOMENTS, Outcome("success", "model", ("unreadable_events",))),
    "inside a component": Outcome("success", "model+house"),
}
BROKEN_ONCE = {**breaks(BROKEN), "before the first token": Outcome("success", "house", (BROKEN,))}
STREAM_FAULTS: Mapping[FaultKind, Mapping[str, Outcome]] = {
    "end": {**breaks(BROKEN), "after the last": Outcome("success", "model")},
    "cut": breaks(BROKEN),
    "error": breaks(BROKEN),
    "error_line": breaks(BROKEN),
    "error_named": breaks(BROKEN),
    "error_finish": breaks(BROKEN),
    "long_line": BROKEN_ONCE,
    "stall": breaks(LATE),
    "invalid_json": UNREADABLE,
    "invalid_utf8": UNREADABLE,
    "garbage": dict.fromkeys(MOMENTS, Outcome("success", "model")),
}
TWICE = Outcome("success", "house", ("retried:MODEL_UNAVAILABLE", BROKEN))
ONCE = Outcome("success", "house", (BROKEN,))
REPLACED: list[tuple[Fault, Outcome]] = [
    (Fault("status", status=308), ONCE),
    (Fault("status", status=400), ONCE),
    (Fault("status", status=401), ONCE),
    (Fault("status", status=404), ONCE),
    (Fault("status", status=500), TWICE),
    (Fault("status", status=502, body="<html>Bad Gateway</html>"), TWICE),
    (Fault("status", status=503), TWICE),
    (Fault("status", status=504), TWICE),
    (Fault("status", status=529), TWICE),
    (Fault("html"), ONCE),
    (Fault("packed"), ONCE),
    (Fault("status", status=429, retry_after="0"), Outcome("success", "house", ("retried:RATE_LIMITED", "model_failed:RATE_LIMITED"))),
    (Fault("status", status=429, retry_after="60"), Outcome("success", "house", ("model_failed:RATE_LIMITED",))),
    (Fault("refuse"), TWICE),
    (Fault("empty_body"), TWICE),
    (Fault("cut", "headers"), TWICE),
    (Fault("reset", "headers"), TWICE),
    (Fault("stall", "headers"), Outcome("success", "house", ("retried:TIMEOUT", LATE))),
    (Fault("stall", "first_token", every=0.1), Outcome("success", "house", ("retried:TIMEOUT", LATE))),
]  # fmt: skip
ENDED: list[tuple[str, int, str, Outcome]] = [
    ("length", GRID_BEGINS + 40, "grid", Outcome("success", "model", ("cut_short:{}", "refused:UNFINISHED", "followed_up:{model}"))),
    ("length", GRID_ENDS, "", Outcome("partial", "model", ("cut_short:{}",))),
    ("content_filter", GRID_BEGINS + 40, "", Outcome("success", "model+house", ("model_refused:{}",))),
    ("content_filter", len(TEXT), "", Outcome("success", "model", ("model_refused:{}",))),
]  # fmt: skip
REASONS = {
    "openai": {"length": "length", "content_filter": "content_filter"},
    "anthropic": {"length": "max_tokens", "content_filter": "refusal"},
}


class Desk(NamedTuple):
    """A server that asks one provider, another that soon loses patience, and the provider."""

    protocol: str
    model: Model
    server: Server
    impatient: Server
    number: Iterator[int]

    def ask(self, *scenarios: Scenario) -> tuple[dict[str, Any], dict[str, int]]:
        """Have a page composed for a persona nobody had before; return answer and counts."""
        self.model.play(*scenarios)
        persona = {
            "type": "explorer",
            "confidence": 0.5,
            "signals": {"category_preferences": [f"case {next(self.number)}"]},
        }
        body = {
            "shopper_id": "shop_" + f"{next(self.number):032x}",
            "persona": persona,
            "shop": {"shop_id": "demo"},
        }
        stalls = any(scenario.fault.kind == "stall" for scenario in scenarios if scenario.fault)
        server = self.impatient if stalls else self.server
        sent = http.post(f"{server.url}/generate", json=body, timeout=60)
        assert sent.status_code == 200, sent.text
        return sent.json(), counts(server)


def counts(server: Server) -> dict[str, int]:
    """Return the counts of the page that ended last, from the line it leaves in the log."""
    counted: dict[str, int] = server.logged("page")[-1]["counts"]
    return counted


def environment(protocol: str, model: Model) -> dict[str, str]:
    if protocol == "openai":
        return {**USUAL, **model.environment}
    base = {"CLAUDE_BASE_URL": model.stand_in.base_url, "CLAUDE_API_KEY": KEY}
    return {**USUAL, **base}


@pytest.fixture(scope="module", params=PROVIDERS)
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        model = stack.enter_context(playing())
        usual = environment(request.param, model)
        server, impatient = (
            stack.enter_context(InProcessServer(folder / name, {**usual, **changes}))
            for name, changes in (("usual", {}), ("impatient", IMPATIENT))
        )
        yield Desk(request.param, model, server, impatient, itertools.count(1))


def assert_filled(sent: Mapping[str, Any]) -> None:
    """Hold that every slot shows something; the house fills what may stay out as well."""
    html, writers = sent["ui"]["html"], sent["meta"]["model"].split("+")
    filled = fillers(html)
    assert [slot for slot in filled if slot != "feature"] == list(SLOTS)
    assert (filled.get("feature") == "story") == ("house" in writers)
    assert all(inner.strip() for _, inner in slots(html).values())


def check(sent: Mapping[str, Any], counted: Mapping[str, int], expected: Outcome) -> None:
    assert_filled(sent)
    writers = sent["meta"]["model"].split("+")
    told = "+".join("house" if name == "house" else "model" for name in writers)
    status = "partial" if "house" in writers else expected.status
    assert (sent["status"], told) == (status, expected.writers), counted
    for code in expected.codes:
        assert counted.get(code) == 1, (code, counted)
    assert "out_of_time" not in counted
    assert "out_of_patience:TIMEOUT" not in counted
    if sent["status"] == "partial":
        code, failed = sent["error"]["code"], [name for name in counted if "model_failed:" in name]
        why = failed[-1].partition(":")[2] if failed else "GENERATION_FAILED"
        assert code == (why if "house" in writers else "COMPONENT_TIMEOUT")
    assert KEY not in json.dumps(counted)


def in_turn(desk: Desk, number: int, places: Iterable[Place]) -> list[Place]:
    """Return every other place, those that the other provider leaves for the fault of this number."""
    return list(places)[(number + PROVIDERS.index(desk.protocol)) % 2 :: 2]


def _shown(value: object) -> str:
    if isinstance(value, Fault):
        return f"{value.kind} {value.status if value.kind == 'status' else value.when}"
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(("number", "kind"), list(enumerate(STREAM_FAULTS)))
def test_a_fault_in_the_stream(desk: Desk, number: int, kind: FaultKind) -> None:
    for moment in in_turn(desk, number, MOMENTS):
        when, at = MOMENTS[moment]
        sent, counted = desk.ask(Scenario(TEXT, fault=Fault(kind, when, at)))
        check(sent, {**counted, moment: 0}, STREAM_FAULTS[kind][moment])


@pytest.mark.parametrize(("fault", "expected"), REPLACED, ids=_shown)
def test_a_fault_in_place_of_a_stream(desk: Desk, fault: Fault, expected: Outcome) -> None:
    sent, counted = desk.ask(Scenario(TEXT, fault=fault))
    check(sent, counted, expected)


@pytest.mark.parametrize(("reason", "length", "asked_again", "expected"), ENDED, ids=_shown)  # fmt: skip
def test_an_answer_that_ends_early_is_handled_as_what_it_is(
    desk: Desk, reason: str, length: int, asked_again: str, expected: Outcome
) -> None:
    before = len(desk.model.requests)
    named = REASONS[desk.protocol][reason]
    first = Scenario(TEXT[:length], finish_reason=named)
    sent, counted = desk.ask(first, Scenario(TEXT))
    model = sent["meta"]["model"].partition("+")[0]
    codes = tuple(code.replace("{model}", model).format(named) for code in expected.codes)
    check(sent, counted, expected._replace(codes=codes))
    asked = [str(request.body) for request in desk.model.requests[before:]]
    assert len(asked) == (2 if asked_again else 1)
    if asked_again:
        assert f"these slots: {asked_again}." in asked[1]


def test_an_event_that_cannot_be_read_costs_the_component_around_it(desk: Desk) -> None:
    first = Scenario(TEXT, fault=Fault("invalid_json", "chars", GRID_BEGINS + 40))
    sent, counted = desk.ask(first, Scenario(TEXT))
    check(
        sent, counted, Outcome("success", "model", ("unreadable_events", "refused:GAP_IN_ANSWER"))
    )


def test_a_key_that_is_refused_is_named_at_once(desk: Desk) -> None:
    desk.ask(Scenario(TEXT, fault=Fault("status", status=401)))
    report = http.get(f"{desk.server.url}/health").json()
    assert report["status"] == "degraded"
    assert report["checks"]["llm_api"].endswith(": failing (HTTP 401: the key is refused)")
    assert '"reason": "HTTP 401: the key is refused"' in desk.server.log
    desk.ask(Scenario(TEXT))
    assert http.get(f"{desk.server.url}/health").json()["checks"]["llm_api"] == "ok"


def test_a_second_attempt_that_answers_makes_the_page(desk: Desk) -> None:
    sent, counted = desk.ask(Scenario(TEXT, fault=Fault("status", status=503)), Scenario(TEXT))
    check(sent, counted, Outcome("success", "model", ("retried:MODEL_UNAVAILABLE",)))


@pytest.mark.parametrize(("number", "kind"), list(enumerate(("cut", "stall", "reset"))))
def test_a_connection_that_ends_at_any_byte(desk: Desk, number: int, kind: FaultKind) -> None:
    """Four places spread over all the bytes of a response, headers and framing included.

    How much of what was sent before a reset is still read is the kernel's business.
    """
    scenario = Scenario(TEXT)
    protocol: Any = desk.protocol
    for share in in_turn(desk, number, range(4)):
        at = len(response_bytes(scenario, protocol, "any")) * share // 4 + share
        sent, counted = desk.ask(Scenario(TEXT, fault=Fault(kind, "byte", at)))
        assert sent["status"] in ("success", "partial")
        assert_filled(sent)
        assert any(code.startswith("model_failed") for code in counted)
        assert "out_of_time" not in counted
