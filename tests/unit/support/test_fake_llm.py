"""The stand-in for a model provider does on the wire what its scenarios say, and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Literal, get_args

import httpx
import pytest

from app.catalog.load import load_catalogs
from components.cta import Cta
from components.fields import Props
from components.filters import Filters
from components.grid import Grid
from components.hero import Hero
from components.recommendations import Recommendations
from tests.support.cases import each
from tests.support.fake_llm import (
    Fault,
    Framing,
    Scenario,
    StandIn,
    Usage,
    load_scenarios,
    recording,
    response_bytes,
)
from tests.support.fake_llm.scenario import Content, FaultKind, Protocol, UsagePlace
from tests.support.sampling import sampled
from tools.support.http import AsyncClient

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[3]
PROTOCOLS: tuple[Protocol, ...] = ("openai", "anthropic")
PROPS: dict[str, type[Props]] = {
    "hero": Hero,
    "filters": Filters,
    "grid": Grid,
    "recommendations": Recommendations,
    "cta": Cta,
}
TEXT = '{"components":[{"type":"hero","id":"hero","config":{"headline":"Clay, café — and so on"}}]}'


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with AsyncClient(timeout=5) as http:
        yield http


def request_for(protocol: Protocol, server: StandIn, **changes: object) -> httpx.Request:
    """Build a good request; a change of None leaves its field out."""
    messages: list[object] = [{"role": "user", "content": "Arrange the page."}]
    body: dict[str, object] = {"messages": messages, "stream": True}
    if protocol == "openai":
        body |= {"model": "kimi-k2.6", "max_completion_tokens": 4000}
        body |= {"stream_options": {"include_usage": True}}
        headers, path = {"Authorization": "Bearer secret-1"}, "/chat/completions"
    else:
        body |= {"model": "claude-haiku-5-5", "max_tokens": 4000}
        headers, path = {"x-api-key": "secret-1", "anthropic-version": "2023-06-01"}, "/messages"
    body = {name: value for name, value in (body | changes).items() if value is not None}
    return httpx.Request("POST", server.base_url + path, headers=headers, json=body)


async def raw(protocol: Protocol, server: StandIn, **changes: object) -> tuple[bytes, bool]:
    """Ask over a bare socket; return all that came until the end, and whether it was a reset."""
    request = request_for(protocol, server, **changes)
    reader, writer = await asyncio.open_connection("127.0.0.1", request.url.port)
    writer.write(_bytes_of(request))
    read = bytearray()
    try:
        while piece := await reader.read(65536):
            read += piece
        return bytes(read), False
    except ConnectionResetError:
        return bytes(read), True
    finally:
        writer.close()


def _bytes_of(request: httpx.Request) -> bytes:
    lines = [f"POST {request.url.path} HTTP/1.1".encode()]
    lines += [b"%b: %b" % header for header in request.headers.raw]
    return b"\r\n".join([*lines, b"", request.read()])


def data_of(body: bytes) -> list[Any]:
    lines = [line[6:] for line in body.splitlines() if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def text_of(protocol: Protocol, body: bytes) -> str:
    """Read an answer as a client would."""
    events = data_of(body)
    if protocol == "anthropic":
        return "".join(e["delta"].get("text", "") for e in events if e["type"].endswith("k_delta"))
    choices = [choice for event in events for choice in event["choices"]]
    return "".join(choice["delta"].get("content", "") for choice in choices)


# ------------------------------------------------------------------ the protocols


async def test_a_chat_completion_is_streamed_byte_for_byte_as_the_provider_does(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(deltas=("Hé", "llo"), usage=Usage(prompt=9, cached=4)))
    response = await http.send(request_for("openai", server))
    head = (
        '{"id":"chatcmpl-standin","object":"chat.completion.chunk","created":1790000000,'
        '"model":"kimi-k2.6","choices":[{"index":0,"delta":'
    )
    assert response.text == (
        f'data: {head}{{"role":"assistant","content":""}},"finish_reason":null}}]}}\n\n'
        f'data: {head}{{"content":"Hé"}},"finish_reason":null}}]}}\n\n'
        f'data: {head}{{"content":"llo"}},"finish_reason":null}}]}}\n\n'
        f'data: {head}{{}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":9,'
        '"completion_tokens":2,"total_tokens":11,"cached_tokens":4,'
        '"prompt_tokens_details":{"cached_tokens":4}}}\n\n'
        "data: [DONE]\n\n"
    )
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_a_message_is_streamed_byte_for_byte_as_the_provider_does(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(deltas=("Hé", "llo"), usage=Usage(prompt=9, cached=4)))
    response = await http.send(request_for("anthropic", server))
    assert response.text == (
        'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_standin",'
        '"type":"message","role":"assistant","model":"claude-haiku-5-5","content":[],'
        '"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":5,'
        '"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":1}}}\n\n'
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        '"content_block":{"type":"text","text":""}}\n\n'
        'event: ping\ndata: {"type":"ping"}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"Hé"}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"llo"}}\n\n'
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
        '"stop_sequence":null},"usage":{"output_tokens":2}}\n\n'
        'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    )


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("finish", [(1, False, True)]),
        ("choice", [(1, True, False)]),
        ("empty", [(0, False, True)]),
        ("none", []),
    ],
)
async def test_usage_stands_where_the_scenario_puts_it(
    server: StandIn,
    http: httpx.AsyncClient,
    place: UsagePlace,
    found: list[tuple[int, bool, bool]],
) -> None:
    server.play(Scenario(TEXT, usage_place=place))
    events = data_of((await http.send(request_for("openai", server))).content)
    seen = [
        (len(e["choices"]), any("usage" in c for c in e["choices"]), bool(e.get("usage")))
        for e in events
    ]
    assert [entry for entry in seen if entry[1] or entry[2]] == found


async def test_usage_is_left_out_where_it_was_not_asked_for(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT))
    response = await http.send(request_for("openai", server, stream_options=None))
    assert "usage" not in response.text


@pytest.mark.parametrize(
    ("reason", "openai", "anthropic"),
    [
        ("length", "length", "max_tokens"),
        ("max_tokens", "length", "max_tokens"),
        ("content_filter", "content_filter", "refusal"),
        ("refusal", "content_filter", "refusal"),
    ],
)
async def test_an_answer_ends_for_the_reason_given_in_each_protocols_terms(
    server: StandIn, http: httpx.AsyncClient, reason: str, openai: str, anthropic: str
) -> None:
    server.play(Scenario(TEXT, finish_reason=reason))
    said = (await http.send(request_for("openai", server))).text
    assert f'"finish_reason":"{openai}"' in said
    said = (await http.send(request_for("anthropic", server))).text
    assert f'"stop_reason":"{anthropic}"' in said


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_each_event_is_one_chunk(protocol: Protocol) -> None:
    raw_body = response_bytes(Scenario(TEXT), protocol, "m").partition(b"\r\n\r\n")[2]
    events = 0
    while raw_body:
        size, _, rest = raw_body.partition(b"\r\n")
        piece, raw_body = rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        assert piece.count(b"\n\n") == (1 if piece else 0)
        events += bool(piece)
    assert events > len(TEXT) / 4


async def test_a_connection_serves_one_request_after_another(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT), Scenario(fault=Fault("status")), Scenario(TEXT))
    ports = set()
    for _ in range(3):
        response = await http.send(request_for("openai", server))
        ports.add(response.extensions["network_stream"].get_extra_info("client_addr"))
    assert len(ports) == 1


async def test_a_connection_is_closed_after_the_response_where_the_client_asks(
    server: StandIn,
) -> None:
    server.play(Scenario(TEXT))
    request = request_for("openai", server)
    request.headers["connection"] = "close"
    reader, writer = await asyncio.open_connection("127.0.0.1", request.url.port)
    writer.write(_bytes_of(request))
    assert await reader.read() == response_bytes(Scenario(TEXT), "openai", "kimi-k2.6")
    writer.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_thought_comes_before_the_answer_and_is_no_part_of_it(
    server: StandIn, http: httpx.AsyncClient, protocol: Protocol
) -> None:
    server.play(Scenario(TEXT, reasoning="Lamps, since it is evening."))
    body = (await http.send(request_for(protocol, server))).content
    field = b'"reasoning_content"' if protocol == "openai" else b'"thinking_delta"'
    assert 0 < body.index(field) < body.index(b'{\\"co')
    assert text_of(protocol, body) == TEXT


# ------------------------------------------------------------------ requests


@pytest.mark.parametrize(
    ("protocol", "changes", "says"),
    [
        ("openai", {"model": None}, "model"),
        ("openai", {"messages": []}, "messages"),
        ("openai", {"messages": [{"role": "narrator", "content": "x"}]}, "messages"),
        ("openai", {"temperature": 0.6}, "temperature"),
        ("openai", {"max_completion_tokens": None, "max_tokens": 9}, "max_completion_tokens"),
        ("openai", {"response_format": {"type": "yaml"}}, "response_format"),
        ("openai", {"thinking": "off"}, "thinking"),
        ("openai", {"stream": False}, "stream"),
        ("anthropic", {"max_tokens": None}, "max_tokens"),
        ("anthropic", {"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ("anthropic", {"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ("anthropic", {"system": []}, "system"),
    ],
)
async def test_a_request_the_provider_would_refuse_is_refused_in_its_shape(
    server: StandIn,
    http: httpx.AsyncClient,
    protocol: Protocol,
    changes: dict[str, object],
    says: str,
) -> None:
    server.play(Scenario(TEXT))
    response = await http.send(request_for(protocol, server, **changes))
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert says in error["message"]
    assert server.requests[0].status == 400


@pytest.mark.parametrize(
    ("protocol", "header", "expected"),
    [
        ("openai", "authorization", (401, "invalid_authentication_error")),
        ("anthropic", "x-api-key", (401, "authentication_error")),
        ("anthropic", "anthropic-version", (400, "invalid_request_error")),
    ],
)
async def test_a_request_without_its_header_is_refused(
    server: StandIn,
    http: httpx.AsyncClient,
    protocol: Protocol,
    header: str,
    expected: tuple[int, str],
) -> None:
    request = request_for(protocol, server)
    del request.headers[header]
    response = await http.send(request)
    assert (response.status_code, response.json()["error"]["type"]) == expected


async def test_other_compatible_models_may_be_given_max_tokens_and_temperature(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT))
    changes = {"model": "qwen-3", "max_completion_tokens": None, "max_tokens": 9}
    response = await http.send(request_for("openai", server, temperature=0.2, **changes))
    assert response.status_code == 200


async def test_requests_are_recorded_without_their_keys(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT))
    for protocol in PROTOCOLS:
        await http.send(request_for(protocol, server))
    await server.asked(2)
    first, second = server.requests
    assert (first.protocol, first.model) == ("openai", "kimi-k2.6")
    assert second.body["max_tokens"] == 4000
    assert first.at <= second.at
    assert "secret" not in repr(server.requests)


async def test_what_is_not_http_is_told_so(server: StandIn) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(server.url).port)
    writer.write(b"HELO\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    writer.close()


# ------------------------------------------------------------------ the order of scenarios


async def test_scenarios_are_played_one_a_request_and_the_last_for_ever(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario("one"), Scenario("two"))
    said = [await http.send(request_for("openai", server)) for _ in range(3)]
    assert [text_of("openai", r.content) for r in said] == ["one", "two", "two"]


async def test_a_model_may_have_scenarios_of_its_own(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario("for all"))
    server.play(Scenario("for kimi"), model="kimi-k2.6")
    said = [await http.send(request_for(protocol, server)) for protocol in PROTOCOLS]
    assert [text_of(p, r.content) for p, r in zip(PROTOCOLS, said, strict=True)] == [
        "for kimi",
        "for all",
    ]


async def test_a_request_nobody_prepared_for_is_a_500(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    assert (await http.send(request_for("openai", server))).status_code == 500


# ------------------------------------------------------------------ faults


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_status_comes_with_the_providers_body_and_retry_after(
    server: StandIn, http: httpx.AsyncClient, protocol: Protocol, status: int
) -> None:
    server.play(Scenario(fault=Fault("status", status=status, retry_after="2")))
    response = await http.send(request_for(protocol, server))
    assert (response.status_code, response.headers["retry-after"]) == (status, "2")
    assert response.json()["error"]["type"].endswith("error")


async def test_a_status_may_have_a_body_of_its_own(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(fault=Fault("status", status=502, body="<h1>Bad Gateway</h1>")))
    assert (await http.send(request_for("openai", server))).text == "<h1>Bad Gateway</h1>"


async def test_a_connection_can_be_refused_and_the_next_one_taken(server: StandIn) -> None:
    server.play(Scenario(fault=Fault("refuse")), Scenario(TEXT, fault=Fault("cut", "done")))
    assert await raw("openai", server) == (b"", True)
    assert (await raw("openai", server))[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(server.requests) == 1


async def test_a_200_can_have_an_empty_body(server: StandIn, http: httpx.AsyncClient) -> None:
    server.play(Scenario(TEXT, fault=Fault("empty_body")))
    response = await http.send(request_for("openai", server))
    assert (response.status_code, response.content) == (200, b"")


async def test_a_stream_can_hold_no_tokens(server: StandIn, http: httpx.AsyncClient) -> None:
    server.play(Scenario())
    response = await http.send(request_for("openai", server))
    assert text_of("openai", response.content) == ""
    assert response.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_answer_can_end_properly_before_it_is_finished(
    server: StandIn, http: httpx.AsyncClient, protocol: Protocol
) -> None:
    server.play(Scenario(TEXT, fault=Fault("end", "chars", 11)))
    response = await http.send(request_for(protocol, server))
    assert text_of(protocol, response.content) == TEXT[:11]
    assert b"stop" not in response.content.replace(b"stop_", b"")


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_connection_can_break_at_every_byte_of_a_response(
    server: StandIn, protocol: Protocol
) -> None:
    whole = response_bytes(Scenario("Hé"), protocol, "m")
    hows: Iterator[FaultKind] = cycle(["cut", "reset"])
    for at, kind in zip(sampled(range(len(whole) + 1)), hows, strict=False):
        server.play(Scenario("Hé", fault=Fault(kind, "byte", at)))
        assert await raw(protocol, server, model="m") == (whole[:at], kind == "reset")


@pytest.mark.parametrize(
    ("when", "events"), [("headers", None), ("body", 0), ("first_token", 1), ("done", 4)]
)
async def test_a_connection_can_break_at_each_moment(
    server: StandIn, when: Any, events: int | None
) -> None:
    server.play(Scenario("Hello", delta_chars=3, fault=Fault("cut", when)))
    body, _ = await raw("openai", server)
    assert bool(body) == (events is not None)
    assert len(data_of(body)) == (events or 0)


async def test_a_stalled_stream_stays_open_until_the_client_leaves(server: StandIn) -> None:
    server.play(Scenario(TEXT, fault=Fault("stall", "chars", 8)))
    asking = asyncio.create_task(raw("openai", server))
    await server.asked(1)
    done, _ = await asyncio.wait({asking}, timeout=0.05)
    assert not done
    asking.cancel()
    await server.left(1)
    assert server.departures == 1


async def test_a_stalled_stream_may_go_on_with_comments(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT, fault=Fault("stall", "chars", 8, every=0.001)))
    request = request_for("openai", server)
    response = await http.send(request, stream=True)
    lines = response.aiter_lines()
    while await anext(lines) != ": ping":
        pass
    assert await anext(lines) == ""
    assert await anext(lines) == ": ping"
    await response.aclose()


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [("openai", "engine_overloaded_error"), ("anthropic", "overloaded_error")],
)
async def test_an_error_event_breaks_the_answer_off(
    server: StandIn, http: httpx.AsyncClient, protocol: Protocol, kind: str
) -> None:
    server.play(Scenario(TEXT, fault=Fault("error", "chars", 7)))
    response = await http.send(request_for(protocol, server))
    last = data_of(response.content)[-1]
    assert last["error"]["type"] == kind
    before = response.content[: response.content.index(b"error")].rpartition(b"\n\n")[0]
    assert text_of(protocol, before) == TEXT[:7]


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        ("invalid_json", rb'data: \{"[^\n]*[^}\n]\n\n'),
        ("garbage", rb"\x16\x03[^\n]*\xfe\n\n"),
        ("invalid_utf8", rb'data: \{"[^\n]*"\xc3\x28"[^\n]*\}\n\n'),
        ("long_line", rb"data: x{100000}\n\n"),
    ],
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_what_no_protocol_allows_is_put_into_a_stream_that_goes_on(
    server: StandIn, http: httpx.AsyncClient, protocol: Protocol, kind: FaultKind, mark: bytes
) -> None:
    event = rb"(?:event: content_block_delta\n)?" if kind not in ("garbage", "long_line") else b""
    fault = Fault(kind, "chars", 12, size=100_006)
    whole = await _answer(server, http, protocol, Scenario(TEXT, delta_chars=6))
    broken = await _answer(server, http, protocol, Scenario(TEXT, delta_chars=6, fault=fault))
    before, after = re.split(event + mark, broken.content)
    assert before + after == whole.content
    assert text_of(protocol, before) == TEXT[:12]


@pytest.mark.parametrize("content", get_args(Content))
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_answer_may_be_carried_in_every_way_that_servers_have(
    server: StandIn, http: httpx.AsyncClient, protocol: Protocol, content: Content
) -> None:
    body = (await _answer(server, http, protocol, Scenario(TEXT, content=content))).text
    assert ("data: " in body) == (content != "whole")
    if content == "whole":
        answer = json.loads(body)
        openai = answer.get("choices", [{"message": {}}])[0]["message"].get("content")
        assert (openai or answer["content"][0]["text"]) == TEXT
    parts = '"content":[{"type":"text"' in body
    assert parts == ((content, protocol) in {("parts", "openai"), ("whole", "anthropic")})


@pytest.mark.parametrize("halves", ["escaped", "raw"])
def test_a_piece_may_be_cut_through_a_character(halves: Literal["escaped", "raw"]) -> None:
    scenario = Scenario("a😀b", utf16=True, delta_chars=2, framing=Framing(halves=halves))
    body = response_bytes(scenario, "openai", "m")
    assert ("a\ud83d".encode("utf-8", "surrogatepass") in body) == (halves == "raw")
    assert (rb"a\ud83d" in body) == (halves == "escaped")


@each(
    ("kind", "sign"),
    [
        ("error_line", b"\nerror: {"),
        ("error_named", b"event: error\ndata: upstream"),
        ("error_finish", b'"error"'),
        ("html", b"<!doctype html>"),
        ("packed", b"Content-Encoding: gzip"),
    ],
)
@each("protocol", PROTOCOLS)
def test_a_server_may_fail_in_a_form_of_its_own(
    protocol: Protocol, kind: FaultKind, sign: bytes
) -> None:
    assert sign in response_bytes(Scenario(TEXT, fault=Fault(kind, "finish")), protocol, "m")


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
    ],
    ids=str,
)
async def test_haiku_refuses_what_it_no_longer_takes(
    server: StandIn, http: httpx.AsyncClient, changes: dict[str, object]
) -> None:
    server.play(Scenario(TEXT))
    usual = {"model": "claude-haiku-5-5", "thinking": {"type": "disabled"}}
    assert (await http.send(request_for("anthropic", server, **usual))).status_code == 200
    refused = await http.send(request_for("anthropic", server, **{**usual, **changes}))
    assert refused.status_code == 400


async def _answer(
    server: StandIn, http: httpx.AsyncClient, protocol: Protocol, scenario: Scenario
) -> httpx.Response:
    server.play(scenario)
    return await http.send(request_for(protocol, server))


@pytest.mark.parametrize(
    ("kind", "when"), [("end", "byte"), ("error", "headers"), ("garbage", "byte")]
)
def test_a_fault_that_cannot_happen_at_its_moment_is_no_scenario(kind: Any, when: Any) -> None:
    with pytest.raises(ValueError, match="cannot happen"):
        Fault(kind, when)


def test_a_position_outside_the_answer_is_no_scenario() -> None:
    with pytest.raises(ValueError, match="outside"):
        Scenario("short", hold_after=(6,))


# ------------------------------------------------------------------ framing


@pytest.mark.parametrize(
    "framing",
    [
        Framing(line_end="\r\n"),
        Framing(events_per_chunk=5),
        Framing(chunk_bytes=7),
        Framing(packet_bytes=1, packet_gap=0.00001),
        Framing(packet_bytes=50, packet_gap=0.00001),
        Framing(comment_every=3),
        Framing(done_twice=True),
    ],
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_the_answer_is_the_same_however_it_is_framed(
    server: StandIn, http: httpx.AsyncClient, protocol: Protocol, framing: Framing
) -> None:
    response = await _answer(server, http, protocol, Scenario(TEXT, framing=framing))
    body = response.content
    assert text_of(protocol, body) == TEXT
    last = b"[DONE]" if protocol == "openai" else b'{"type":"message_stop"}'
    assert body.count(b"data: " + last) == 1 + framing.done_twice
    assert (b"\r\n\r\n" in body) == (framing.line_end == "\r\n")
    assert (b"\n\n: ping\n\n" in body) == bool(framing.comment_every)


def test_events_can_share_a_chunk_or_be_cut_over_several() -> None:
    sizes = [
        response_bytes(Scenario(TEXT, framing=framing), "openai", "m").count(b"\r\n")
        for framing in (Framing(events_per_chunk=5), Framing(), Framing(chunk_bytes=7))
    ]
    assert sizes[0] * 2 < sizes[1] < sizes[2] / 2


# ------------------------------------------------------------------ pace and gates


async def test_a_stream_waits_at_its_gate_until_it_is_released(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT, delta_chars=7, hold_after=(0, 10, len(TEXT))))
    read = bytearray()

    async def listen() -> None:
        response = await http.send(request_for("openai", server), stream=True)
        async for piece in response.aiter_raw():
            read.extend(piece)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        for number, held_at in enumerate((0, 10, len(TEXT)), 1):
            await server.reached(number)
            await _until_quiet(read)
            assert text_of("openai", bytes(read)) == TEXT[:held_at]
            assert b"[DONE]" not in read
            await server.release()
    assert read.endswith(b"[DONE]\n\n")


async def _until_quiet(read: bytearray) -> None:
    """Let what is already sent arrive."""
    size = -1
    while size != len(read):
        size = len(read)
        await asyncio.sleep(0.01)


async def test_a_client_that_leaves_at_a_gate_is_noticed_and_leaves_no_gate_behind(
    server: StandIn, http: httpx.AsyncClient
) -> None:
    server.play(Scenario(TEXT, hold_after=(4,)))
    response = await http.send(request_for("openai", server), stream=True)
    await server.reached(1)
    await response.aclose()
    await server.left(1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(server.release(), 0.01)


async def test_deltas_come_at_their_pace(server: StandIn, http: httpx.AsyncClient) -> None:
    clock = asyncio.get_running_loop().time
    server.play(Scenario("x" * 21, delta_chars=1, deltas_per_second=100, first_delay=0.05))
    began = clock()
    response = await http.send(request_for("openai", server))
    assert clock() - began >= 0.24
    assert text_of("openai", response.content) == "x" * 21


async def test_headers_can_be_late(server: StandIn, http: httpx.AsyncClient) -> None:
    server.play(Scenario(TEXT, header_delay=5))
    with pytest.raises(httpx.ReadTimeout):
        await http.send(_hasty(request_for("openai", server)))
    await server.left(1)


def _hasty(request: httpx.Request) -> httpx.Request:
    request.extensions = {"timeout": {"connect": 1, "read": 0.02, "write": 1, "pool": 1}}
    return request


@pytest.mark.parametrize("rate", [None, 1_000_000.0])
async def test_a_client_that_does_not_read_holds_the_stream_back(
    server: StandIn, rate: float | None
) -> None:
    server.play(Scenario("x" * 8_000_000, delta_chars=4000, deltas_per_second=rate))
    asking = request_for("openai", server)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", asking.url.port))
        await loop.sock_sendall(sock, _bytes_of(asking))
        await server.asked(1)
        await asyncio.sleep(0.3)
    await asyncio.wait_for(server.left(1), 5)


@pytest.mark.parametrize("rate", [None, 1_000_000.0])
async def test_a_client_that_reads_late_reads_everything(
    server: StandIn, http: httpx.AsyncClient, rate: float | None
) -> None:
    server.play(Scenario("x" * 2_000_000, delta_chars=1000, deltas_per_second=rate))
    response = await http.send(request_for("openai", server), stream=True)
    await asyncio.sleep(0.1)
    assert text_of("openai", await response.aread()) == "x" * 2_000_000


async def test_leaving_ends_every_stream_that_is_still_open() -> None:
    async with StandIn() as server:
        server.play(Scenario(TEXT, fault=Fault("stall", "chars", 8)))
        asking = [asyncio.create_task(raw("openai", server)) for _ in range(20)]
        await server.asked(20)
    assert {reset for _, reset in await asyncio.gather(*asking)} <= {True, False}
    assert len(asyncio.all_tasks()) <= 2


# ------------------------------------------------------------------ files


def test_a_file_holds_scenarios_under_their_own_names(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.json"
    fault = {"kind": "cut", "when": "chars", "at": 9}
    entries = [{"recording": "lines", "fault": fault}, {"deltas": ["a", "b"], "hold_after": [1]}]
    path.write_text(json.dumps(entries))
    assert load_scenarios(path) == (
        Scenario(recording("lines"), fault=Fault("cut", "chars", 9)),
        Scenario(deltas=("a", "b"), hold_after=(1,)),
    )


def test_a_file_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text('{"text": "a", "pace": 9}')
    with pytest.raises(ValueError, match="pace"):
        load_scenarios(path)


@pytest.mark.process
async def test_it_runs_as_a_process_of_its_own_and_ends_when_told(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"recording": "long", "delta_chars": 4}))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", "-m", "tests.support.fake_llm", "--port", "0", "--scenario", str(path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert process.stdout is not None
    address = (await process.stdout.readline()).decode().strip()
    request = request_for("anthropic", StandIn())
    request.url = httpx.URL(f"{address}/messages")
    request.headers["host"] = request.url.netloc.decode()
    assert text_of("anthropic", (await http.send(request)).content) == recording("long")
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


@pytest.mark.parametrize("name", ["compact", "pretty", "lines", "long"])
def test_every_recorded_component_is_one_the_page_would_admit(name: str) -> None:
    shop = load_catalogs(ROOT / "demo" / "catalog.json").default
    sold = {"products": shop.products, "categories": shop.categories()}
    text = recording(name)
    lines = (
        map(json.loads, text.splitlines()) if name == "lines" else json.loads(text)["components"]
    )
    components = list(lines)
    for component in components:
        PROPS[component["type"]].model_validate(component["config"], context=sold)
    assert {component["id"] for component in components} == set(PROPS)
