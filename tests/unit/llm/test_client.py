"""A model behind HTTP: what is asked, what is heard, and what every fault on the way becomes."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Literal, get_args

import httpx
import pytest

from app.content.components import load_library
from app.domain.limits import CallLimits
from app.domain.llm import (
    ModelEnded,
    ModelEvent,
    ModelFailed,
    ModelGap,
    ModelNotice,
    ModelText,
    Prompt,
    TokensUsed,
)
from app.domain.persona import NEWCOMER
from app.generation.schema import SHAPE, answer_schema
from app.llm.anthropic import AnthropicApi
from app.llm.client import ChatClient, ProviderApi, StreamState, pause_for
from app.llm.openai import OpenAiApi
from app.llm.sse import ServerEvent
from app.llm.transport import PacedTransport
from app.settings import ROOT, ProviderSettings, read_settings
from tests.support.cases import each
from tests.support.factories import shop
from tests.support.fake_llm import (
    Fault,
    Framing,
    Scenario,
    StandIn,
    Usage,
    recording,
    response_bytes,
)
from tests.support.fake_llm.scenario import Content, FaultKind, Moment, UsagePlace
from tests.support.sampling import sampled

pytestmark = pytest.mark.anyio

Protocol = Literal["openai", "anthropic"]
KEY = "a-key-nobody-may-see"
BRIEF = Prompt("What never changes.", "What is asked.", shop(), NEWCOMER, (), ("hero",))
TEXT = '{"components":[{"type":"hero","id":"hero","config":{"headline":"Clay, café — 器"}}]}'
USUAL = CallLimits(connect=60, first_token=60, idle=60, total=120)  # no test waits for these
SHORT = CallLimits(first_token=0.15, idle=0.15, total=0.4)


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=PacedTransport(0.001)) as http:
        yield http


@pytest.fixture(params=["openai", "anthropic"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    found: Protocol = request.param
    return found


def api_for(protocol: Protocol, server: StandIn, **options: str) -> ProviderApi:
    """Return a protocol as the settings make it where only address and key are given."""
    settings = read_settings(
        {
            "KIMI_BASE_URL": server.base_url,
            "KIMI_API_KEY": KEY,
            "CLAUDE_BASE_URL": server.url,
            "CLAUDE_API_KEY": KEY,
        }
    )
    if protocol == "anthropic":
        return AnthropicApi(settings.claude._replace(**options))  # type: ignore[arg-type]
    return OpenAiApi(settings.kimi._replace(**options))  # type: ignore[arg-type]


OPENAI = OpenAiApi(ProviderSettings("http://x", "m", KEY))
ANTHROPIC = AnthropicApi(ProviderSettings("http://x", "m", KEY))


def understood(
    api: ProviderApi, *events: object, answer: StreamState | None = None
) -> list[ModelEvent]:
    """Return what is understood of these events."""
    sent = (ServerEvent(json.dumps(event).encode()) for event in events)
    client = ChatClient(api, httpx.AsyncClient)
    said = client._understood(sent, answer or StreamState())  # noqa: SLF001 - no socket
    return [event for event in said if event is not None]


def test_what_comes_of_use_is_awaited_at_the_pace_of_an_answer_but_not_of_one_held_up() -> None:
    def pauses(useful_from: int, *said: tuple[float, int]) -> list[float]:
        prompt = BRIEF._replace(useful_from=lambda: useful_from)
        answer = StreamState(began=100.0, said=20, texts=["x" * 20])
        found = []
        for seconds, characters in said:
            answer.said = 20 + characters
            found.append(pause_for(prompt, answer, 100.0 + seconds))
        return found

    steady = [(0.1, 40), (1.0, 400), (2.0, 800), (2.1, 840)]
    assert pauses(880, *steady) == pytest.approx([0.0, 0.25, 0.8 * 60 / 400, 0.8 * 20 / 400])
    assert pauses(860, *steady[2:]) == pytest.approx([0.8 * 40 / 400, 0.0]), "it may be there"
    held_up = [(1.0, 400), (2.0, 400), (2.1, 840)]
    assert pauses(10_000, *held_up) == pytest.approx([0.25, 0.0, 0.25])
    assert pauses(10_000, (1.0, 0)) == [0.0], "one that came in one piece has no pace"


Ask = Callable[..., ChatClient]


@pytest.fixture
def model(protocol: Protocol, server: StandIn, http: httpx.AsyncClient) -> Ask:
    """Make a model that plays the scenario it is given."""

    def make(scenario: Scenario, limits: CallLimits = USUAL) -> ChatClient:
        server.play(scenario)
        return ChatClient(api_for(protocol, server), lambda: http, limits)

    return make


GAP = "\0"


async def hear(model: ChatClient) -> tuple[str, ModelEnded | ModelFailed]:
    """Return all the text that came, with its gaps, and how it ended."""
    text = ""
    try:
        async with asyncio.timeout(20):
            async for event in model.compose(BRIEF):
                if isinstance(event, ModelEnded):
                    return text, event
                text += GAP if isinstance(event, ModelGap) else ""
                text += event.text if isinstance(event, ModelText) else ""
    except ModelFailed as failure:
        return text, failure
    raise AssertionError("an answer must end")


# ------------------------------------------------------------------ good answers


@pytest.mark.parametrize(
    "framing",
    [
        Framing(),
        Framing(line_end="\r\n"),
        Framing(line_end="\r"),
        Framing(line_end="\r", packet_bytes=5, packet_gap=0.0001),
        Framing(bom=True),
        Framing(data_lines=True),
        Framing(data_lines=True, line_end="\r\n", chunk_bytes=2),
        Framing(blank_lines=False),
        Framing(chunk_bytes=1),
        Framing(packet_bytes=7, packet_gap=0.0001),
        Framing(events_per_chunk=5),
        Framing(comment_every=2),
        Framing(comment_every=3, comment="data: ping"),
        Framing(comment_every=2, comment="data: keep-alive", packet_bytes=400, packet_gap=0.0001),
        Framing(done_twice=True),
        Framing(line_end="\r\n", chunk_bytes=3, comment_every=1, done_twice=True),
    ],
    ids=str,
)
async def test_the_text_is_the_same_however_it_is_framed(model: Ask, framing: Framing) -> None:
    text, end = await hear(model(Scenario(TEXT, framing=framing)))
    assert text == TEXT
    assert isinstance(end, ModelEnded)
    assert end.reason in ("stop", "end_turn")


@pytest.mark.parametrize("name", ["compact", "pretty", "lines", "long"])
async def test_a_recorded_answer_is_heard_as_it_was_written(model: Ask, name: str) -> None:
    text, _ = await hear(model(Scenario(recording(name))))
    assert text == recording(name)


@pytest.mark.parametrize("content", get_args(Content))
async def test_a_thought_before_the_answer_is_not_part_of_it(model: Ask, content: Content) -> None:
    thoughtful = Scenario(TEXT, reasoning="Let me think about lamps.", content=content)
    text, end = await hear(model(thoughtful))
    assert text == TEXT
    assert isinstance(end, ModelEnded)
    assert end.tokens.prompt == 1180


def test_an_answer_is_heard_once_whatever_its_pieces_are_called() -> None:
    deltas = [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]
    again = [*deltas, {"message": {"content": "ab"}}]
    messages = [{"message": {"content": "a"}}, {"message": {"content": "b"}}]
    for chunks in (again, messages):
        assert understood(OPENAI, *({"choices": [chunk]} for chunk in chunks)) == [ModelText("ab")]
    start = {"type": "message_start", "message": {"content": [{"type": "text", "text": "a"}]}}
    piece = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "b"}}
    assert understood(ANTHROPIC, start, piece) == [ModelText("ab")]


@pytest.mark.parametrize("halves", ["escaped", "raw"])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
async def test_characters_that_are_cut_in_two_are_heard_whole(
    model: Ask, halves: Literal["escaped", "raw"], size: int
) -> None:
    text = '{"a":"Begin 😀 with 👩‍🚀 something 🪔🪔 lovely"}'
    scenario = Scenario(text, utf16=True, delta_chars=size, framing=Framing(halves=halves))
    heard, end = await hear(model(scenario))
    assert heard == text
    assert isinstance(end, ModelEnded)


@pytest.mark.parametrize("lone", ["x\ud83dy", "x\ude00y", "xy\ud83d"], ids=ascii)  # noqa: PT014 - halves look alike to it
async def test_a_half_alone_is_dropped_and_counted(model: Ask, lone: str) -> None:
    client = model(Scenario(deltas=tuple(lone)))
    events = [event async for event in client.compose(BRIEF)]
    assert "".join(event.text for event in events if isinstance(event, ModelText)) == "xy"
    assert events.count(ModelNotice("repaired", "LONE_SURROGATE")) == 1


@pytest.mark.parametrize("place", ["finish", "choice", "empty"])
async def test_usage_is_read_wherever_it_stands(model: Ask, place: UsagePlace) -> None:
    usage = Usage(prompt=1200, completion=77, cached=1000)
    _, end = await hear(model(Scenario(TEXT, usage=usage, usage_place=place)))
    assert isinstance(end, ModelEnded)
    assert end.tokens == TokensUsed(1200, 77, 1000)


async def test_where_no_usage_is_reported_none_is_made_up(model: Ask) -> None:
    _, end = await hear(model(Scenario(TEXT, usage_place="none")))
    assert isinstance(end, ModelEnded)
    assert end.tokens == TokensUsed()


@pytest.mark.parametrize(
    ("reason", "openai", "anthropic"),
    [
        ("stop", "stop", "end_turn"),
        ("length", "length", "max_tokens"),
        ("content_filter", "content_filter", "refusal"),
    ],
)
async def test_the_finish_reason_is_the_providers_own(
    model: Ask, protocol: Protocol, reason: str, openai: str, anthropic: str
) -> None:
    _, end = await hear(model(Scenario(TEXT, finish_reason=reason)))
    assert isinstance(end, ModelEnded)
    assert end.reason == {"openai": openai, "anthropic": anthropic}[protocol]


@pytest.mark.parametrize(("reason", "again"), [("stop", True), ("length", False)])
async def test_an_answer_without_text_is_a_failure(model: Ask, reason: str, again: bool) -> None:
    text, failure = await hear(model(Scenario("", finish_reason=reason)))
    assert text == ""
    assert isinstance(failure, ModelFailed)
    assert (failure.code, failure.retryable) == ("MODEL_UNAVAILABLE", again)


async def test_a_model_that_will_not_answer_has_not_failed(model: Ask) -> None:
    text, end = await hear(model(Scenario("", finish_reason="content_filter")))
    assert text == ""
    assert isinstance(end, ModelEnded)
    assert end.reason in ("content_filter", "refusal")


def test_a_refusal_in_words_is_no_text_and_outlives_a_good_reason() -> None:
    answer = StreamState()
    chunks = [{"delta": {"refusal": "I can't"}}, {"delta": {}, "finish_reason": "stop"}]
    assert understood(OPENAI, *({"choices": [it]} for it in chunks), answer=answer) == []
    assert answer.refused


async def test_text_is_heard_while_the_model_still_writes(model: Ask, server: StandIn) -> None:
    answer = model(Scenario(TEXT, hold_after=(20,))).compose(BRIEF)
    heard = ""
    while len(heard) < 20:
        event = await anext(answer)
        assert isinstance(event, ModelText)
        heard += event.text
    assert heard == TEXT[:20]
    await server.release()
    heard += "".join([event.text async for event in answer if isinstance(event, ModelText)])
    assert heard == TEXT


# ------------------------------------------------------------------ what is asked


async def test_a_chat_completion_is_asked_for_as_the_contract_says(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT))
    await hear(ChatClient(api_for("openai", server), lambda: http))
    asked = server.requests[0]
    assert asked.status is None
    assert asked.body == {
        "model": "kimi-k2.6",
        "messages": [
            {"role": "system", "content": BRIEF.instructions},
            {"role": "user", "content": BRIEF.request},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 4000,
        "response_format": {"type": "json_object"},
        "thinking": {"type": "disabled"},
    }


async def test_a_message_is_asked_for_as_the_contract_says(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT))
    await hear(ChatClient(api_for("anthropic", server), lambda: http))
    asked = server.requests[0]
    assert asked.status is None
    assert asked.headers["anthropic-version"] == "2023-06-01"
    assert asked.body["model"] == "claude-haiku-5-5"
    assert asked.body["thinking"] == {"type": "disabled"}
    assert asked.body["max_tokens"] == 4000
    assert asked.body["stream"] is True
    assert asked.body["messages"] == [{"role": "user", "content": BRIEF.request}]
    assert [block["text"] for block in asked.body["system"]] == [BRIEF.instructions]
    assert asked.body.keys().isdisjoint({"temperature", "top_p", "top_k", "output_config"})


async def test_an_answer_is_asked_for_unpacked(model: Ask, server: StandIn) -> None:
    await hear(model(Scenario(TEXT)))
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_a_schema_is_sent_where_it_is_set_and_spoken_of_in_the_request(
    protocol: Protocol, server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT))
    library = load_library(ROOT / "components")
    prompt = BRIEF._replace(schema=lambda: answer_schema(library.specs, BRIEF))
    api = api_for(protocol, server, response_format="json_schema")
    async for _ in ChatClient(api, lambda: http).compose(prompt):
        pass
    body, status = server.requests[0].body, server.requests[0].status
    assert status is None, "the stand-in refuses what strict modes would"
    assert body["messages"][-1]["content"] == f"{BRIEF.request}\n\n{SHAPE}"
    if protocol == "openai":
        sent = body["response_format"]["json_schema"]["schema"]
    else:
        sent = body["output_config"]["format"]["schema"]
    assert list(sent["properties"]) == ["hero"]


async def test_without_a_schema_to_send_json_is_asked_for(
    protocol: Protocol, server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT))
    await hear(ChatClient(api_for(protocol, server, response_format="json_schema"), lambda: http))
    body = server.requests[0].body
    assert body.get("response_format", {"type": "json_object"}) == {"type": "json_object"}
    assert "output_config" not in body


@pytest.mark.parametrize("root", ["https://ai.example", "https://ai.example/v1"])
def test_an_anthropic_address_may_be_given_with_or_without_its_version(root: str) -> None:
    address, headers, _ = AnthropicApi(ProviderSettings(root, "m", KEY)).request(BRIEF, 10)
    assert address == "https://ai.example/v1/messages"
    assert headers["x-api-key"] == KEY


def test_options_in_which_servers_differ_are_settings() -> None:
    environment = {
        "KIMI_BASE_URL": "https://ai.example/v1",
        "KIMI_API_KEY": KEY,
        "KIMI_MAX_TOKENS_NAME": "max_tokens",
        "KIMI_THINKING": "unset",
        "KIMI_TEMPERATURE": "0.5",
        "KIMI_JSON_MODE": "unset",
    }
    address, headers, body = OpenAiApi(read_settings(environment).kimi).request(BRIEF, 10)
    assert isinstance(body, dict)
    assert address == "https://ai.example/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert (body["max_tokens"], body["temperature"]) == (10, 0.5)
    assert body.keys().isdisjoint({"thinking", "response_format", "max_completion_tokens"})


# ------------------------------------------------------------------ faults

_MOMENTS: tuple[Moment, ...] = ("body", "first_token", "chars", "finish", "done")
_ERRORS: tuple[FaultKind, ...] = ("error", "error_line", "error_named", "error_finish")
_HARMLESS: tuple[FaultKind, ...] = ("invalid_json", "garbage", "invalid_utf8")


def faults() -> list[Fault]:
    loose: tuple[FaultKind, ...] = ("cut", "reset", "stall")
    inside: tuple[FaultKind, ...] = ("end", *_ERRORS, *_HARMLESS, "long_line")
    made = [Fault(kind, when, 30) for kind in (*loose, *inside) for when in _MOMENTS]
    return [*made, *(Fault(kind, "headers") for kind in loose)]


def limits_for(fault: Fault) -> CallLimits:
    stalls = fault.kind == "stall" and fault.when != "done"  # then all of it has come
    return SHORT if stalls else USUAL


def named(fault: Fault) -> str:
    return f"{fault.kind}-{fault.when}" + (f"-every-{fault.every}" if fault.every else "")


@pytest.mark.parametrize("fault", faults(), ids=named)
async def test_a_fault_is_a_failure_unless_the_last_word_had_come(
    model: Ask, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault.kind == "stall":
        monkeypatch.setattr("app.llm.client._LAST_WORDS", 0.2)  # the product's is waited for below
    text, end = await hear(model(Scenario(TEXT, fault=fault), limits_for(fault)))
    whole = fault.when == "done" or (fault.kind, fault.when) == ("end", "finish")
    if fault.kind in _HARMLESS:
        assert isinstance(end, ModelEnded)
        assert text.replace(GAP, "") == TEXT
        assert text.count(GAP) == (fault.kind in ("invalid_json", "invalid_utf8"))
    elif whole and fault.kind not in (*_ERRORS, "long_line"):
        assert isinstance(end, ModelEnded)
        assert text == TEXT
    else:
        assert TEXT.startswith(text)
        assert isinstance(end, ModelFailed)
        assert end.code == ("TIMEOUT" if fault.kind == "stall" else "MODEL_UNAVAILABLE")
        assert end.retryable == (fault.kind != "long_line")


async def test_a_gap_stands_where_the_event_was(model: Ask) -> None:
    text, _ = await hear(model(Scenario(TEXT, fault=Fault("invalid_json", "chars", 30))))
    assert text == TEXT[:30] + GAP + TEXT[30:]


@pytest.mark.parametrize("when", ["finish", "done"])
async def test_whole_json_and_a_proper_end_are_enough(model: Ask, when: Moment) -> None:
    text, end = await hear(model(Scenario(TEXT, fault=Fault("end", when))))
    assert text == TEXT
    assert isinstance(end, ModelEnded)


async def test_whole_json_and_a_cut_connection_are_not(model: Ask) -> None:
    _, failure = await hear(model(Scenario(TEXT, fault=Fault("cut", "finish"))))
    assert isinstance(failure, ModelFailed)


@pytest.mark.parametrize("text", [TEXT[:-1], "<think>" + TEXT, TEXT[:40]])
async def test_a_proper_end_of_json_that_is_not_whole_is_a_failure(model: Ask, text: str) -> None:
    _, failure = await hear(model(Scenario(text, fault=Fault("end", "finish"))))
    assert isinstance(failure, ModelFailed)
    assert failure.reason == "the answer broke off"


@pytest.mark.parametrize(
    "reason",
    [
        "error",
        "Error",
        "insufficient_system_resource",
        "abort",
        "canceled",
        "timed_out",
        "overloaded",
    ],
)
async def test_a_reason_that_says_that_it_broke_off_is_a_failure(model: Ask, reason: str) -> None:
    text, failure = await hear(model(Scenario(TEXT, finish_reason=reason)))
    assert text == TEXT
    assert isinstance(failure, ModelFailed)
    assert failure.retryable


async def heard_of(body: bytes, **headers: str) -> tuple[str, ModelEnded | ModelFailed]:
    """Return what is heard of an answer with this body."""
    answer = httpx.Response(200, headers=headers, stream=httpx.ByteStream(body))
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as http:
        return await hear(ChatClient(OPENAI, lambda: http))


def delta(text: str, reason: str | None = None) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]}


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        ({}, "the answer broke off"),
        (delta("", "null"), "the answer broke off"),
        ({"detail": "no"}, "the answer broke off"),
        ({"code": 50508, "message": "busy"}, "an error inside the answer"),
        ({"status": 529, "title": "busy"}, "an error inside the answer: overloaded"),
    ],
)
async def test_a_last_word_ends_no_json_that_is_open(beside: object, reason: str) -> None:
    sent = [f"data: {json.dumps(event)}\n\n".encode() for event in (delta(TEXT[:40]), beside)]
    text, failure = await heard_of(b"".join((*sent, b"data: [DONE]\n\n")))
    assert text == TEXT[:40]
    assert isinstance(failure, ModelFailed)
    assert failure.reason == reason


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("size", [7, 1000])
async def test_a_list_of_events_is_heard_as_they_are(indent: int | None, size: int) -> None:
    pieces = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
    events = [*map(delta, pieces), delta("", "stop")]
    text, end = await heard_of(json.dumps(events, indent=indent).encode())
    assert (text, end) == (TEXT, ModelEnded("stop"))


async def test_a_field_that_is_named_twice_and_an_encoding_without_a_name_are_passed_over() -> None:
    sent = [f"data: data: {json.dumps(event)}\n\n".encode() for event in (delta(TEXT, "stop"),)]
    body = b"".join((*sent, b"data: data: [DONE]\n\n"))
    assert await heard_of(body, **{"content-encoding": ""}) == (TEXT, ModelEnded("stop"))


@each(
    ("reported", "counted"),
    [("12", 12), ("12.5", 12), (7.0, 7), (-5, 0), (-1e300, 0), (1e30, 0), ({}, 0), ("many", 0)],
)
def test_a_number_of_tokens_that_cannot_be_is_none(reported: object, counted: int) -> None:
    answer = StreamState()
    usage = {"prompt_tokens": 3, "completion_tokens": reported, "prompt_tokens_details": [1]}
    said = {"choices": [{"delta": {"content": "a"}}], "usage": usage}
    assert understood(OPENAI, said, answer=answer) == [ModelText("a")]
    assert answer.tokens == TokensUsed(3, counted)


@pytest.mark.parametrize("key", ["tool_calls", "function_call"])
def test_json_that_a_gateway_makes_of_a_tool_is_the_answer(key: str) -> None:
    def delta(piece: str) -> dict[str, object]:
        function = {"arguments": piece}
        called = [{"index": 0, "function": function}] if key == "tool_calls" else function
        return {"choices": [{"delta": {"content": None, key: called}}]}

    assert understood(OPENAI, delta("{"), delta("}")) == [ModelText("{}")]


def test_json_that_a_gateway_has_read_already_is_the_answer() -> None:
    page = json.loads(TEXT)
    called = {"function": {"arguments": page}}
    used = {"type": "tool_use", "name": "page", "input": page}
    for api, event in (
        (OPENAI, {"choices": [{"delta": {"content": page}}]}),
        (OPENAI, {"choices": [{"message": {"content": None, "tool_calls": [called]}}]}),
        (ANTHROPIC, {"type": "content_block_start", "content_block": used}),
        (ANTHROPIC, {"type": "message", "content": [used]}),
    ):
        (said,) = understood(api, event)
        assert isinstance(said, ModelText)
        assert json.loads(said.text) == page


async def test_chunks_that_come_in_one_line_are_heard_one_by_one() -> None:
    pieces = [TEXT[at : at + 7] for at in range(0, len(TEXT), 7)]
    line = "".join(json.dumps(event) + " " for event in (*map(delta, pieces), delta("", "stop")))
    for body in (f"data: {line}\n\ndata: [DONE]\n\n", line):
        assert await heard_of(body.encode()) == (TEXT, ModelEnded("stop"))


@pytest.mark.parametrize("many", ["{}" * 9000, "[" + "{}," * 9000 + "{}]"], ids=["line", "list"])
async def test_an_event_of_more_chunks_than_an_answer_has_is_none(many: str) -> None:
    sent = [json.dumps(delta(TEXT[:40])), many, json.dumps(delta(TEXT[40:], "stop"))]
    text, _ = await heard_of("".join(f"data: {it}\n\n" for it in sent).encode())
    assert text == TEXT[:40] + GAP + TEXT[40:]


def test_an_error_is_one_whatever_kind_of_event_it_is() -> None:
    answer = StreamState()
    busy = {"error": {"type": "overloaded_error", "message": "busy"}}
    assert understood(ANTHROPIC, busy, answer=answer) == []
    assert answer.failure
    assert answer.failure.reason == "an error inside the answer: overloaded"


async def test_a_reason_in_words_of_its_own_is_not_repeated(model: Ask) -> None:
    _, end = await hear(model(Scenario(TEXT, finish_reason=f"see {KEY}")))
    assert isinstance(end, ModelEnded)
    assert end.reason == "unknown"


@pytest.mark.parametrize(
    "fault",
    [Fault(kind, "chars", 30) for kind in ("cut", "reset", "end", *_ERRORS, "stall")],
    ids=named,
)
async def test_what_was_written_before_a_fault_is_heard(model: Ask, fault: Fault) -> None:
    text, _ = await hear(model(Scenario(TEXT, fault=fault), limits_for(fault)))
    assert text == TEXT[:30] or (fault.kind == "reset" and TEXT.startswith(text))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
async def test_a_status_that_may_pass_is_worth_another_attempt(model: Ask, status: int) -> None:
    fault = Fault("status", status=status, retry_after="7")
    _, failure = await hear(model(Scenario(TEXT, fault=fault)))
    assert isinstance(failure, ModelFailed)
    assert failure.retryable
    assert failure.code == ("RATE_LIMITED" if status == 429 else "MODEL_UNAVAILABLE")
    assert failure.retry_after == 7.0


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (308, ": the address redirects"),
        (400, ": the request is refused"),
        (401, ": the key is refused"),
        (403, ": the key is refused"),
        (404, ": no such address or model"),
        (501, ""),
    ],
)
async def test_a_status_that_will_not_pass_is_not(model: Ask, status: int, meaning: str) -> None:
    body = f"You sent {KEY} and {BRIEF.request}"
    _, failure = await hear(model(Scenario(TEXT, fault=Fault("status", status=status, body=body))))
    assert isinstance(failure, ModelFailed)
    assert (failure.code, failure.retryable) == ("MODEL_UNAVAILABLE", False)
    assert failure.retry_after is None
    assert str(failure) == f"MODEL_UNAVAILABLE: HTTP {status}{meaning}"


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("0", 0, 0),
        ("-5", 0, 0),
        ("1.5", 1.5, 1.5),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 1e8, 1e10),
    ],
)
async def test_retry_after_is_seconds_or_a_date(
    model: Ask, text: str, least: float, most: float
) -> None:
    fault = Fault("status", status=503, retry_after=text)
    _, failure = await hear(model(Scenario(TEXT, fault=fault)))
    assert isinstance(failure, ModelFailed)
    assert failure.retry_after is not None
    assert least <= failure.retry_after <= most


@pytest.mark.parametrize("text", ["soon", "", "Wed, 99 Foo", "1 2"])
async def test_a_retry_after_that_says_nothing_is_none(model: Ask, text: str) -> None:
    fault = Fault("status", status=503, retry_after=text)
    _, failure = await hear(model(Scenario(TEXT, fault=fault)))
    assert isinstance(failure, ModelFailed)
    assert failure.retry_after is None


@pytest.mark.parametrize("kind", ["refuse", "empty_body"])
async def test_a_server_with_nothing_to_say_is_a_failure(model: Ask, kind: FaultKind) -> None:
    text, failure = await hear(model(Scenario(TEXT, fault=Fault(kind))))
    assert text == ""
    assert isinstance(failure, ModelFailed)
    assert (failure.code, failure.retryable) == ("MODEL_UNAVAILABLE", True)


async def test_a_page_for_people_is_told_from_an_answer(model: Ask) -> None:
    text, failure = await hear(model(Scenario(TEXT, fault=Fault("html"))))
    assert text == ""
    assert isinstance(failure, ModelFailed)
    assert (failure.reason, failure.retryable) == ("an HTML page in place of an answer", False)


async def test_what_comes_packed_is_not_unpacked(model: Ask) -> None:
    _, failure = await hear(model(Scenario(TEXT, fault=Fault("packed"))))
    assert isinstance(failure, ModelFailed)
    assert (failure.reason, failure.retryable) == ("a packed answer", False)


async def test_bytes_are_counted_as_well_as_text(model: Ask) -> None:
    limits = USUAL._replace(max_tokens=10)
    chatty = Scenario(TEXT, reasoning="hm " * 100_000, delta_chars=100)
    _, failure = await hear(model(chatty, limits))
    assert isinstance(failure, ModelFailed)
    assert failure.reason == "more bytes than its tokens could fill"


async def test_a_flood_of_events_lets_others_have_their_turn() -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    class Flood(httpx.AsyncBaseTransport):
        async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
            return httpx.Response(200, stream=httpx.ByteStream(b"data: {}\n\n" * 20_000))

    counting = asyncio.create_task(count_turns())
    async with httpx.AsyncClient(transport=Flood()) as http:
        await hear(ChatClient(OPENAI, lambda: http))
    counting.cancel()
    assert turns >= 20_000 // 256


async def test_an_error_inside_the_answer_that_speaks_of_a_rate_says_so(
    model: Ask, protocol: Protocol
) -> None:
    kind = {"openai": "rate_limit_reached_error", "anthropic": "rate_limit_error"}[protocol]
    fault = Fault("error", "chars", 10, error_type=kind)
    _, failure = await hear(model(Scenario(TEXT, fault=fault)))
    assert isinstance(failure, ModelFailed)
    assert failure.code == "RATE_LIMITED"


async def test_a_server_that_is_not_there_is_a_failure(http: httpx.AsyncClient) -> None:
    async with StandIn() as gone:
        wire = api_for("openai", gone)
    _, failure = await hear(ChatClient(wire, lambda: http))
    assert isinstance(failure, ModelFailed)
    assert (failure.code, failure.retryable) == ("MODEL_UNAVAILABLE", True)


def within(word: re.Match[bytes]) -> range:
    """Return the places within a long word of an answer that are like those beside its ends."""
    return range(word.start() + 3, word.end() - 1)


@pytest.mark.parametrize("how", ["cut", "reset"])
async def test_a_cut_anywhere_never_hangs_and_never_makes_text_up(
    model: Ask, protocol: Protocol, how: FaultKind
) -> None:
    scenario = Scenario("é — 器", delta_chars=3)
    whole = response_bytes(scenario, protocol, "any model of this length")
    in_words = {at for word in re.finditer(rb"\w{5,}", whole) for at in within(word)}
    places = range(len(whole) + 8)
    cuts = [at for at in places if at not in in_words] if how == "cut" else places[::17]
    for at in sampled(cuts):
        text, end = await hear(model(replace(scenario, fault=Fault(how, "byte", at))))
        assert scenario.text.startswith(text)
        assert isinstance(end, ModelFailed) or text == scenario.text


# ------------------------------------------------------------------ limits in time


@pytest.mark.parametrize(
    ("when", "every"),
    [("headers", 0.0)]
    + [(when, every) for when in ("body", "first_token", "chars", "finish") for every in (0, 0.05)],
)
async def test_a_model_that_stalls_has_timed_out(model: Ask, when: Moment, every: float) -> None:
    fault = Fault("stall", when, 30 if when == "chars" else 0, every=every)
    text, failure = await hear(model(Scenario(TEXT, fault=fault), SHORT))
    assert TEXT.startswith(text)
    assert isinstance(failure, ModelFailed)
    assert (failure.code, failure.retryable) == ("TIMEOUT", True)


@pytest.mark.parametrize("when", ["first_token", "chars"])
async def test_comments_do_not_count_as_text(model: Ask, when: Moment) -> None:
    fault = Fault("stall", when, 30 if when == "chars" else 0, every=0.05)
    limits = CallLimits(first_token=0.15, idle=0.15, total=600)
    _, failure = await hear(model(Scenario(TEXT, fault=fault), limits))
    assert isinstance(failure, ModelFailed)
    assert failure.code == "TIMEOUT"


async def test_thoughts_do_not_count_as_text(model: Ask) -> None:
    scenario = Scenario(TEXT, reasoning="hm " * 400, deltas_per_second=20)
    limits = CallLimits(first_token=0.15, idle=0.15, total=600)
    text, failure = await hear(model(scenario, limits))
    assert text == ""
    assert isinstance(failure, ModelFailed)
    assert failure.code == "TIMEOUT"


async def test_an_answer_that_never_ends_has_timed_out_though_it_is_never_silent(
    model: Ask,
) -> None:
    scenario = Scenario("x" * 4000, deltas_per_second=50)
    text, failure = await hear(model(scenario, USUAL._replace(total=0.5)))
    assert scenario.text.startswith(text)
    assert isinstance(failure, ModelFailed)
    assert failure.code == "TIMEOUT"


async def test_blanks_without_end_are_silence(model: Ask) -> None:
    scenario = Scenario(TEXT[:30] + " " * 8000, deltas_per_second=50)
    text, failure = await hear(model(scenario, CallLimits(idle=0.2)))
    assert TEXT[:30].startswith(text.rstrip())
    assert isinstance(failure, ModelFailed)
    assert failure.code == "TIMEOUT"


async def test_a_stall_after_the_last_word_is_a_good_end_and_not_waited_for(model: Ask) -> None:
    client = model(Scenario(TEXT, fault=Fault("stall", "done")), CallLimits(idle=60, total=60))
    async with asyncio.timeout(10):
        text, end = await hear(client)
    assert text == TEXT
    assert isinstance(end, ModelEnded)


def test_the_limits_are_the_contracts() -> None:
    limits = CallLimits()
    assert (limits.total, limits.max_tokens) == (25.0, 4000)
    assert max(limits.connect, limits.first_token, limits.idle) < limits.total


# ------------------------------------------------------------------ leaving


async def test_a_reader_who_is_cancelled_in_mid_stream_closes_the_connection(
    model: Ask, server: StandIn
) -> None:
    reading = asyncio.create_task(hear(model(Scenario(TEXT, hold_after=(30,)))))
    await server.reached(1)
    reading.cancel()
    async with asyncio.timeout(5):
        await server.left(1)
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_a_reader_who_stops_listening_closes_the_connection(
    model: Ask, server: StandIn
) -> None:
    answer = model(Scenario(TEXT, hold_after=(30,))).compose(BRIEF)
    await anext(answer)
    await answer.aclose()
    async with asyncio.timeout(5):
        await server.left(1)


# ------------------------------------------------------------------ strange events


@pytest.mark.parametrize(
    "event",
    [
        *([], "text", 7, None, {}),
        {"choices": {}},
        {"choices": "x"},
        {"choices": [7]},
        {"choices": [{"delta": "x"}]},
        {"choices": [{"delta": {"content": 7}}]},
        {"choices": [], "usage": {"prompt_tokens": "many"}},
        {"choices": [], "usage": {"prompt_tokens_details": [1]}},
        {"type": "content_block_delta", "delta": "x"},
        {"type": "message_start", "message": []},
        {"type": "message_start", "message": {"usage": {"input_tokens": []}}},
        {"choices": [], "usage": {"prompt_tokens": float("inf")}},
        {"type": "message_delta", "usage": {"output_tokens": float("inf")}},
    ],
    ids=json.dumps,
)
async def test_an_event_of_a_strange_shape_is_passed_over(event: object) -> None:
    for api in (OPENAI, ANTHROPIC):
        assert set(understood(api, event)) <= {ModelGap()}
