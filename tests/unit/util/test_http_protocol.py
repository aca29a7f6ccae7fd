"""Uvicorn's protocol within bounds, on raw sockets: heads however cut, trailers, time and number."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple, cast

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import Server

from app.util.http_body import Answer
from app.util.http_protocol import (
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_TARGET_BYTES,
    BoundedHttpProtocol,
    Connections,
)
from app.util.listener import connection_limit
from tests.support.serving import event_loop, opened
from tests.support.waiting import eventually

ENDING = b"\r\nHost: shop\r\nConnection: close\r\n\r\n"
LARGE = b"x" * 8 * 1024 * 1024


class Guarded(NamedTuple):
    """A server within these bounds, and the sockets of a test that speaks to it."""

    port: int
    bounds: Connections
    released: Callable[[], object]

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def talk(self, request: bytes, size: int = 0) -> bytes:
        """Send a request in pieces of a size, whole where it is 0; return all that is answered."""
        with self.connect() as connection:
            for start in range(0, len(request), size or len(request)):
                connection.sendall(request[start : start + (size or len(request))])
            return everything(connection)


def silence(shop: Guarded) -> bytes:
    with shop.connect() as connection:
        return everything(connection)


def everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


def _at_once(scope: Scope) -> Answer | None:
    if scope["path"] != "/at-once":
        return None
    body = f"{scope['scheme']} from {scope['client'][0]}".encode()
    return 200, [(b"content-length", b"%d" % len(body))], body


@contextmanager
def guarded(
    limit: int = 1000,
    head: float = 30,
    stall: float = 30,
    app: ASGIApp | None = None,
    *,
    idle: float = 5,
) -> Iterator[Guarded]:
    """Serve an app, or one that says what it was sent, and at /held waits until it is released.

    What it is sent by whom to /at-once it says without having been called.
    """
    bounds = Connections(limit, head, stall, _at_once)
    with event_loop() as portal:
        release = portal.call(asyncio.Event)

        async def echo(scope: Scope, receive: Receive, send: Send) -> None:
            body, more = b"", True
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
            if scope["path"] == "/held":
                await release.wait()
            if scope["path"] == "/large":
                body = LARGE
            names = b",".join(name for name, _ in scope["headers"])
            headers = [(b"content-length", b"%d" % len(body)), (b"x-names", names)]
            if scope["path"] == "/two-lines":
                headers.append((b"x-line", b"one\r\nx-other: two"))
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            if scope["path"] == "/broken":
                raise ValueError("no body")
            if scope["path"] == "/in-parts":
                await send({"type": "http.response.body", "body": body[:1], "more_body": True})
                body = body[1:]
            await send({"type": "http.response.body", "body": body})

        protocol: Any = partial(BoundedHttpProtocol, open_connections=bounds)
        server = Server(
            Config(app or echo, port=0, log_level="critical", lifespan="off", http=protocol)
        )
        server.config.timeout_keep_alive = cast("Any", idle)
        with portal.wrap_async_context_manager(opened(server)) as port:
            yield Guarded(port, bounds, partial(portal.call, cast("Any", release.set)))
            portal.call(cast("Any", release.set))


@pytest.fixture(scope="module")
def shop() -> Iterator[Guarded]:
    with guarded() as server:
        yield server


def head_of(size: int) -> bytes:
    """Return a whole head of so many bytes."""
    start = b"GET / HTTP/1.1\r\nX-Long: "
    return start + b"x" * (size - len(start) - len(ENDING)) + ENDING


@pytest.mark.parametrize("size", [0, 7, 4095, 4097])
def test_a_head_is_taken_or_refused_by_its_length_however_it_is_cut(
    shop: Guarded, size: int
) -> None:
    assert statuses(shop.talk(head_of(MAX_HEAD_BYTES), size)) == [200]
    assert statuses(shop.talk(head_of(MAX_HEAD_BYTES + 1), size)) == [431]


def test_the_longest_head_is_taken_behind_another_request(shop: Guarded) -> None:
    with shop.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        connection.recv(65536)
        connection.sendall(head_of(MAX_HEAD_BYTES))
        assert statuses(everything(connection)) == [200]


def test_a_target_is_bounded_by_itself(shop: Guarded) -> None:
    longest = b"/" + b"a" * (MAX_TARGET_BYTES - 1)
    assert statuses(shop.talk(b"GET " + longest + b" HTTP/1.1" + ENDING)) == [200]
    assert statuses(shop.talk(b"GET " + longest + b"a HTTP/1.1" + ENDING)) == [414]


def test_headers_are_counted(shop: Guarded) -> None:
    full = b"\r\na:b" * (MAX_HEADERS - 2)
    assert statuses(shop.talk(b"GET / HTTP/1.1" + full + ENDING)) == [200]
    assert statuses(shop.talk(b"GET / HTTP/1.1\r\nc:d" + full + ENDING)) == [431]


def test_an_answer_is_whole_however_it_is_made(shop: Guarded) -> None:
    def talk(method: str, path: str, body: bytes = b"a body") -> bytes:
        length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return shop.talk(f"{method} {path} HTTP/1.1\r\nHost: shop\r\n{length}".encode() + body)

    whole = talk("POST", "/")
    head = whole.removesuffix(b"a body")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"\r\nconnection: close\r\n\r\n")
    assert b"\r\ncontent-length: 6\r\n" in head
    assert _undated(talk("POST", "/in-parts")) == _undated(whole)
    assert _undated(talk("HEAD", "/")) == _undated(head)
    for body in (b"a body", b""):
        assert statuses(talk("POST", "/broken", body)) == [500]
    assert b"x-other" not in talk("POST", "/two-lines")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_of_http_1_0_gets_no_chunks(method: str) -> None:
    async def stream(_: Scope, __: Receive, send: Send) -> None:
        kind = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        for part in (b": open\n\n", b"data: x\n\n"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    with guarded(app=stream) as server:
        answered = server.talk(f"{method} / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode())
    head, _, body = answered.partition(b"\r\n\r\n")
    assert head.endswith(b"connection: close")
    assert b"transfer-encoding" not in head
    assert body == (b": open\n\ndata: x\n\n" if method == "GET" else b"")


def _undated(answer: bytes) -> bytes:
    return re.sub(rb"\r\ndate: [^\r]*", b"", answer)


@pytest.mark.parametrize("line", [b"DNT:1", b"DNT: 1", b"DNT: \t1 \t", b"dnt:1  "])
def test_blanks_around_a_header_are_no_part_of_it(line: bytes) -> None:
    assert scope_of(b"GET / HTTP/1.1\r\n" + line + ENDING)["headers"][0] == (b"dnt", b"1")


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/s/a%20b/caf%C3%A9", "/s/a b/caf\u00e9"),
        (b"/s%2Fshop/%2f", "/s%2Fshop/%2f"),
        (b"/store%0A", "/store%0A"),
        (b"/store%252F%0d", "/store%2F\r"),
    ],
)
def test_only_slashes_part_a_path_and_no_line_ends_in_it(target: bytes, path: str) -> None:
    assert scope_of(b"GET " + target + b" HTTP/1.1" + ENDING)["path"] == path


def scope_of(request: bytes) -> Scope:
    """Return what an app is told of a request."""
    seen: list[Scope] = []

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        seen.append(scope)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    with guarded(app=app) as server:
        server.talk(request)
    return seen[0]


def test_what_is_no_http_is_a_bad_request(shop: Guarded) -> None:
    assert statuses(shop.talk(b"\0\0 nonsense\r\n\r\n")) == [400]


def test_a_request_names_its_host_once_and_a_version_that_is_spoken(shop: Guarded) -> None:
    def status(target: bytes, version: bytes, *hosts: bytes) -> int:
        lines = b"".join(b"Host:" + host + b"\r\n" for host in hosts)
        head = target + b" HTTP/" + version + b"\r\nConnection: close\r\n" + lines + b"\r\n"
        (answered,) = statuses(shop.talk(head))
        return answered

    named = (b"shop", b" 127.0.0.1:8080", b" [::1]:80", b" xn--caf-dma.example", b"", b" a_b ")
    taken = {host: status(b"GET /", b"1.1", host) for host in named}
    assert taken == dict.fromkeys(named, 200)
    assert status(b"GET /", b"1.0") == status(b"GET http://shop/", b"1.1", b"shop") == 200
    wrong = (b" a b", b" a/b", b" x@y", b' "><script>', b" [::1", b" a:8o", b" \xe9", b" a, b")
    refused = {host: status(b"GET /", b"1.1", host) for host in wrong}
    assert refused == dict.fromkeys(wrong, 400)
    assert status(b"GET /", b"1.1") == status(b"GET /", b"1.1", b"a", b"b") == 400
    assert status(b"GET /", b"1.0", b"a", b"a") == status(b"OPTIONS *", b"1.1", b"a") == 400
    assert status(b"GET /", b"2.0", b"shop") == 505


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", b"x"),
        (b"chunked", b"FFFFFFFFFFFFFFFFFF\r\n"),
        (b"chunked", b"3\r\nabcdef\r\n"),
        (b"chunked", b"-1\r\n"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_bad_request(
    shop: Guarded, coding: bytes, body: bytes
) -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: " + coding + ENDING
    assert statuses(shop.talk(head + body)) == [400]


def test_pipelined_requests_are_all_answered_in_their_order(shop: Guarded) -> None:
    sent = [b"%d" % number for number in range(400)]
    request = b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: %d\r\n\r\n%s"
    requests = b"".join(request % (len(body), body) for body in sent)
    answers = shop.talk(requests + b"GET /last HTTP/1.1" + ENDING)
    assert statuses(answers) == [200] * 401
    assert re.findall(rb"\r\n\r\n(\d+)", answers) == sent


def test_what_waits_for_nothing_is_answered_in_its_order(shop: Guarded) -> None:
    at_once = b"GET /at-once HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\nbody"
    other = b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nother"
    for size in (0, 1):
        answers = shop.talk(
            (at_once + other + at_once) * 3 + b"GET /at-once HTTP/1.1" + ENDING, size
        )
        said = [b"http from 127.0.0.1", b"other", b"http from 127.0.0.1"] * 3
        said = [*said, b"http from 127.0.0.1"]
        assert re.findall(rb"\r\n\r\n(.*?)(?=HTTP/1.1|\Z)", answers) == said


def test_a_proxy_is_believed_where_nothing_is_waited_for(shop: Guarded) -> None:
    forwarded = b"\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https"
    answer = shop.talk(b"GET /at-once HTTP/1.1" + forwarded + ENDING)
    assert answer.endswith(b"https from 203.0.113.9")


def test_who_has_been_answered_at_once_may_wait_and_half_a_head_may_not() -> None:
    request = b"GET /at-once HTTP/1.1\r\nHost: shop\r\n\r\n"
    with guarded(head=1) as shop, shop.connect() as one, shop.connect() as other:
        for connection in (one, other):
            connection.sendall(request)
            assert statuses(connection.recv(4096)) == [200]
        assert silence(shop) == b""  # who has asked for nothing is let go in the meantime
        one.sendall(request + request[:20])
        other.sendall(b"\r\n")  # which begins no head, and is no reason to stay
        assert statuses(everything(one)) == [200, 408]
        assert statuses(everything(other)) == [408]


def test_who_has_asked_for_more_than_what_was_answered_at_once_is_not_idle() -> None:
    with guarded(head=1, idle=0.01) as shop, shop.connect() as connection:
        at_once = b"GET /at-once HTTP/1.1\r\nHost: shop\r\n\r\n"
        connection.sendall(at_once + b"GET /held HTTP/1.1" + ENDING)
        assert silence(shop) == b""  # a second, in which who is idle is let go
        shop.released()
        assert statuses(everything(connection)) == [200, 200]


def test_what_was_asked_before_a_head_that_is_refused_is_answered(shop: Guarded) -> None:
    before = b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nfirst"
    answers = shop.talk(before + head_of(MAX_HEAD_BYTES + 4096))
    assert statuses(answers) == [200]
    assert answers.endswith(b"first")


@pytest.mark.parametrize("size", [0, 1])
def test_trailers_change_nothing_of_what_was_asked(shop: Guarded, size: int) -> None:
    request = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked" + ENDING
    answer = shop.talk(request + b"3\r\nabc\r\n0\r\nAuthorization: mine\r\n\r\n", size)
    assert statuses(answer) == [200]
    assert answer.endswith(b"\r\n\r\nabc")
    assert b"authorization" not in answer


def test_trailers_are_bounded_as_heads_are(shop: Guarded) -> None:
    request = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked" + ENDING
    trailer = b"X-Long: " + b"x" * (MAX_HEAD_BYTES + 8192)
    assert statuses(shop.talk(request + b"3\r\nabc\r\n0\r\n" + trailer)) == [431]


def test_a_long_body_is_no_head(shop: Guarded) -> None:
    request = b"POST / HTTP/1.1\r\nContent-Length: 300000" + ENDING
    assert shop.talk(request + b"b" * 300_000).endswith(b"b" * 300_000)


def test_a_body_that_goes_on_when_it_has_been_answered_is_read_no_further(shop: Guarded) -> None:
    begun = b"POST /at-once HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n"
    with shop.connect() as connection:
        connection.sendall(begun + b"ffffffff\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        with pytest.raises(ConnectionError):
            list(map(connection.sendall, [LARGE] * 16))
    with shop.connect() as connection:
        connection.sendall(begun + b"80000\r\n%b\r\n0\r\n\r\n" % LARGE[:0x80000])
        connection.sendall(b"GET /at-once HTTP/1.1" + ENDING)
        assert statuses(everything(connection)) == [200, 200]
    assert shop.bounds.counts["refused_413"] == 1


def test_who_says_nothing_is_let_go() -> None:
    with guarded(head=0.1) as shop:
        assert silence(shop) == b""
        assert shop.bounds.counts["silent"] == 1


def test_a_head_has_a_deadline() -> None:
    with guarded(head=0.1) as shop:
        assert statuses(shop.talk(b"GET / HTTP/1.1\r\nHost")) == [408]


def test_a_head_that_comes_drop_by_drop_has_the_same_deadline() -> None:
    with guarded(head=0.5) as shop, shop.connect() as connection:
        connection.settimeout(0.02)
        answer = b""
        for byte in head_of(MAX_HEAD_BYTES):
            connection.sendall(bytes([byte]))
            try:
                answer = connection.recv(65536)
                break
            except TimeoutError:
                continue
        assert statuses(answer) == [408]


def test_an_answer_that_takes_longer_is_not_cut_off() -> None:
    with guarded(head=1) as shop, shop.connect() as slow:
        slow.sendall(b"GET /held HTTP/1.1" + ENDING)
        assert silence(shop) == b"", "the deadline has passed for another"
        shop.released()
        assert statuses(everything(slow)) == [200]


def test_a_newcomer_takes_the_place_of_who_has_waited_longest() -> None:
    with guarded(limit=2) as shop, shop.connect() as first:
        with shop.connect() as second:
            second.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
            assert statuses(second.recv(65536)) == [200]
            assert statuses(shop.talk(b"GET / HTTP/1.1" + ENDING)) == [200]
            assert first.recv(1) == b"", "closed"
            second.sendall(b"GET / HTTP/1.1" + ENDING)
            assert statuses(everything(second)) == [200]
        assert shop.bounds.counts["evicted"] == 1


def test_where_all_are_being_answered_a_newcomer_is_told_so() -> None:
    with guarded(limit=1) as shop, shop.connect() as held:
        held.sendall(b"GET /held HTTP/1.1" + ENDING)
        eventually(lambda: not shop.bounds.waiting)
        assert statuses(silence(shop)) == [503]
        shop.released()
        assert statuses(everything(held)) == [200]


def test_a_client_that_takes_nothing_is_let_go() -> None:
    with guarded(stall=0.1) as shop, shop.connect() as connection:
        connection.sendall(b"GET /large HTTP/1.1" + ENDING)
        eventually(lambda: shop.bounds.counts["stalled"])
        assert len(everything(connection)) < len(LARGE)


def test_a_crowd_keeps_nobody_else_waiting_and_who_has_gone_is_not_answered() -> None:
    asked: list[str] = []
    blocked, free = threading.Event(), threading.Event()

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        asked.append(scope["path"])
        if scope["path"] == "/block":
            blocked.set()
            free.wait(30)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    def request(path: str, client: str = "") -> bytes:
        named = f"X-Forwarded-For: {client}\r\n" if client else ""
        return f"GET {path} HTTP/1.1\r\nHost: shop\r\n{named}\r\n".encode()

    with guarded(app=app) as shop, ExitStack() as sockets:

        def connect(address: str) -> socket.socket:
            place = ("127.0.0.1", shop.port)
            made = socket.create_connection(place, 30, source_address=(address, 0))
            return sockets.enter_context(made)

        blocking, crowd = connect("127.0.0.1"), [connect("127.0.0.1") for _ in range(200)]
        check, other, proxy = connect("127.0.0.1"), connect("127.0.0.2"), connect("127.0.0.3")
        eventually(lambda: len(shop.bounds.waiting) == 204)
        blocking.sendall(request("/block"))
        assert blocked.wait(30)
        for connection in crowd[:100]:
            connection.sendall(request("/crowd"))
        for connection in crowd[100:]:
            connection.sendall(request("/gone"))
            reset = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            connection.close()
        proxy.sendall(request("/proxied", "2001:db8::1") * 7 + request("/proxied", "2001:db8::2"))
        check.sendall(request("/health"))
        other.sendall(request("/other"))
        free.set()
        eventually(lambda: asked.count("/crowd") == 100 and asked.count("/proxied") == 8)
    assert {"/health", "/other"} <= set(asked[:30])
    assert asked.count("/gone") < 20


def test_as_many_may_come_as_half_of_the_memory_that_is_left_can_hold() -> None:
    assert connection_limit(30, None) == connection_limit(30, 10**9) == 30
    assert connection_limit(30, 10 * 48 * 1024) == 10
    assert connection_limit(30, 0) == 1
