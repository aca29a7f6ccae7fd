"""The transport: HTTP/1.1 as servers really speak it, one read at a time, nothing held unread."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import httpx
import pytest

from app.llm.connection import Connection, Pace, connect
from app.llm.failures import translated
from app.llm.providers import open_client
from app.llm.transport import PacedTransport

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
IN_TWO = OK + b"Content-Length: 5\r\n\r\n|hello"
"""The same in two pieces, as an answer that is streamed comes."""

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A server that runs `serve` on each connection and counts them."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.connections = 0
        self.port = 0
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/a?b=c"

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(serve)
    listening = await asyncio.start_server(server, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    server.scheme = "https" if tls else "http"
    async with listening:
        yield server


def answering(*answers: bytes, gap: float = 0.0) -> Serve:
    """Give one answer a request, in as many writes as it has pieces; then close."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await take_request(reader)
            for piece in answer.split(b"|"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(gap)

    return serve


async def take_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((line for line in lines if line.startswith(b"content-length:")), b":0")
    return head + await reader.readexactly(int(length.partition(b":")[2]))


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=PacedTransport(0.001), timeout=5) as http:
        yield http


# ------------------------------------------------------------------ bodies


@pytest.mark.parametrize(
    "answer",
    [
        HELLO,
        OK + b"Content-Length: 5\r\n\r\n|h|ell|o",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n|he\r|\n3\r\nllo\r\n|0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-After: 1\r\n\r\n",
        OK + b"\r\nhello",
        OK + b"Connection: close\r\n\r\nhel|lo",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\n|" + HELLO,
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + HELLO,
        b"H|TTP/1.1 20|0 OK\r\nContent-|Length: 5\r|\n\r\nhello",
    ],
    ids=repr,
)
async def test_a_body_is_read_however_its_end_is_told(
    http: httpx.AsyncClient, answer: bytes
) -> None:
    async with serving(answering(answer, gap=0.002)) as server:
        response = await http.get(server.url)
    assert (response.status_code, response.text) == (200, "hello")
    assert "link" not in response.headers


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_that_has_no_body_ends_with_its_head(
    http: httpx.AsyncClient, status: bytes
) -> None:
    async with serving(answering(b"HTTP/1.1 " + status + b"\r\n\r\n", HELLO)) as server:
        assert (await http.get(server.url)).content == b""
        assert (await http.get(server.url)).text == "hello"
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello",
        OK,
        OK + b"Content-Length: 6\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nz\r\nhello\r\n",
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"\x16\x03\x01\x00\xff\xfe",
    ],
    ids=repr,
)
async def test_an_answer_that_breaks_off_or_is_not_http_is_an_error(
    http: httpx.AsyncClient, answer: bytes
) -> None:
    async with serving(answering(answer)) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(server.url)


async def test_what_was_sent_before_a_cut_is_read_before_the_error(
    http: httpx.AsyncClient,
) -> None:
    answer = OK + b"Content-Length: 99\r\n\r\nhello"
    async with serving(answering(answer)) as server, http.stream("GET", server.url) as response:
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"hello"
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(pieces)


# ------------------------------------------------------------------ requests


async def test_a_request_arrives_as_it_was_meant(http: httpx.AsyncClient) -> None:
    taken: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(await take_request(reader))
        writer.write(HELLO)

    async with serving(serve) as server:
        await http.post(server.url, json={"a": "é"}, headers={"X-One": "1"})
        head, _, body = taken[0].partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        assert lines[0] == b"POST /a?b=c HTTP/1.1"
        assert f"Host: 127.0.0.1:{server.port}".encode() in lines
        assert b"X-One: 1" in lines
        assert body == '{"a":"é"}'.encode()


async def test_a_large_request_is_sent_whole(http: httpx.AsyncClient) -> None:
    sizes: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sizes.append(len(await take_request(reader)))
        writer.write(HELLO)

    async with serving(serve) as server:
        await http.post(server.url, content=b"x" * 3_000_000)
    assert sizes[0] > 3_000_000


# ------------------------------------------------------------------ keeping connections


@pytest.mark.parametrize(
    "answer",
    [
        IN_TWO,
        HELLO,
    ],
    ids=["in-two-pieces", "at-once"],
)
async def test_two_calls_share_a_connection(http: httpx.AsyncClient, answer: bytes) -> None:
    async with serving(answering(answer, answer, gap=0.01)) as server:
        assert [(await http.get(server.url)).text for _ in range(2)] == ["hello", "hello"]
        assert server.connections == 1


@pytest.mark.parametrize(
    "first",
    [
        OK + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
    ids=["says-close", "http-1.0"],
)
async def test_a_connection_that_is_not_kept_is_not_used_again(
    http: httpx.AsyncClient, first: bytes
) -> None:
    async with serving(answering(first, HELLO)) as server:
        assert [(await http.get(server.url)).text for _ in range(2)] == ["hello", "hello"]
        assert server.connections == 2


async def test_a_connection_that_the_server_closed_while_idle_is_not_used_again(
    http: httpx.AsyncClient,
) -> None:
    async with serving(answering(IN_TWO, gap=0.01)) as server:
        assert (await http.get(server.url)).text == "hello"
        await asyncio.sleep(0.05)
        assert (await http.get(server.url)).text == "hello"
        assert server.connections == 2


@pytest.mark.parametrize("rest", [b"", OK])
async def test_a_request_goes_once_more_where_a_connection_that_was_kept_closes_unheard(
    http: httpx.AsyncClient, rest: bytes
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(HELLO)
        if server.connections == 1:
            await take_request(reader)
            writer.write(rest)

    async with serving(serve) as server:
        assert (await http.post(server.url, content=b"a")).text == "hello"
        if rest:
            with pytest.raises(httpx.RemoteProtocolError):
                await http.post(server.url, content=b"b")
        else:
            assert (await http.post(server.url, content=b"b")).text == "hello"
    assert server.connections == (1 if rest else 2)


async def test_an_answer_that_was_not_read_to_its_end_closes_its_connection(
    http: httpx.AsyncClient,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(OK + b"Content-Length: 99\r\n\r\nhello")
        assert await reader.read() == b"", "nothing more is asked on it"
        closed.set()

    closed = asyncio.Event()
    async with serving(serve) as server:
        async with http.stream("GET", server.url):
            pass
        async with asyncio.timeout(5):
            await closed.wait()


async def test_calls_at_the_same_time_have_connections_of_their_own(
    http: httpx.AsyncClient,
) -> None:
    async with serving(answering(HELLO, gap=0.01)) as server:
        answers = await asyncio.gather(*(http.get(server.url) for _ in range(5)))
        assert [answer.text for answer in answers] == ["hello"] * 5
        assert server.connections == 5


async def test_more_than_was_asked_for_does_not_answer_the_next_request(
    http: httpx.AsyncClient,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(HELLO)
        await read.wait()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nstray")
        with suppress(ConnectionError):
            assert await reader.read() == b"", "nothing more is asked on it"
        closed.set()

    read, closed = asyncio.Event(), asyncio.Event()
    async with serving(serve) as server:
        assert (await http.get(server.url)).text == "hello"
        read.set()
        async with asyncio.timeout(5):
            await closed.wait()
        assert (await http.get(server.url)).text == "hello"
        assert server.connections == 2


async def test_a_last_word_that_the_loop_has_not_come_to_yet_answers_no_request() -> None:
    def serve() -> socket.socket:
        peer, _ = listening.accept()
        peer.recv(65536)
        peer.sendall(HELLO)
        return peer

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        async with httpx.AsyncClient(transport=PacedTransport(0.001), timeout=5) as http:
            first = asyncio.create_task(asyncio.to_thread(serve))
            assert (await http.get(url)).text == "hello"
            with await first as peer:
                second = asyncio.create_task(asyncio.to_thread(serve))
                await asyncio.sleep(0)
                peer.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            response = await http.get(url)
            assert (response.status_code, response.text) == (200, "hello")
            (await second).close()


async def test_a_cookie_that_cannot_be_sent_back_does_not_fail_the_next_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.llm.providers.getproxies", dict)
    answer = OK + b"Set-Cookie: a=\xff\r\nContent-Length: 5\r\n\r\nhello"
    async with serving(answering(answer, answer)) as server, open_client() as http:
        assert [(await http.get(server.url)).text for _ in range(2)] == ["hello", "hello"]


@pytest.mark.parametrize(
    "stray",
    [
        b"garbage",
        b"\r\n\r\n\x00",
        HELLO,
    ],
)
async def test_more_than_was_asked_for_in_one_piece_is_no_part_of_the_answer(
    http: httpx.AsyncClient, stray: bytes
) -> None:
    async with serving(answering(HELLO + stray)) as server:
        response = await http.get(server.url)
        assert (response.status_code, response.text) == (200, "hello")
        assert response.headers.get_list("content-length") == ["5"]
        assert (await http.get(server.url)).text == "hello"
        assert server.connections == 2


# ------------------------------------------------------------------ limits


async def test_a_head_of_many_lines_is_too_long(http: httpx.AsyncClient) -> None:
    head = OK + b"".join(b"X-%d: %s\r\n" % (at, b"x" * 1000) for at in range(70)) + b"\r\n"
    async with serving(answering(head)) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(server.url)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"X-Long: ")
    for _ in range(2_000):
        writer.write(b"x" * 1_000)
        await writer.drain()
    await reader.read()
    await reader.read()


async def test_a_line_of_the_head_that_never_ends_is_too_long(http: httpx.AsyncClient) -> None:
    async with serving(endless) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(server.url, timeout=1)


async def test_a_server_that_is_not_there_is_a_connect_error(http: httpx.AsyncClient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(httpx.ConnectError) as failed:
        await http.get(f"http://127.0.0.1:{port}/")
    assert translated(failed.value).reason == "no connection: Connection refused"


async def test_a_host_without_an_address_is_told_as_one(http: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.ConnectError) as failed:
        await http.get("http://models.invalid/")
    assert translated(failed.value).reason.startswith("no connection: ")


async def test_an_address_that_is_silent_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def addresses(*_: object, **__: object) -> list[tuple[object, ...]]:
        here = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, ""
        return [(*here, (f"127.0.0.{last}", 9)) for last in (1, 2)]

    async def reach(_: socket.socket, address: tuple[str, int]) -> None:
        tried.append(address[0])
        if len(tried) == 1:
            await asyncio.Event().wait()

    tried: list[str] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", addresses)
    monkeypatch.setattr(loop, "sock_connect", reach)
    (await connect("model.example", 9, None, 0.1)).close()
    assert tried == ["127.0.0.1", "127.0.0.2"]


async def test_certificates_that_cannot_be_read_are_a_connect_error() -> None:
    def unreadable() -> ssl.SSLContext:
        raise OSError

    async with httpx.AsyncClient(transport=PacedTransport(0.001, unreadable)) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("https://127.0.0.1:9/")


async def test_a_caller_who_waits_no_longer_closes_the_connection(http: httpx.AsyncClient) -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await take_request(reader)
        asked.set()
        assert await reader.read() == b"", "nothing more is asked on it"
        closed.set()

    asked, closed = asyncio.Event(), asyncio.Event()
    async with serving(serve) as server:
        call = asyncio.create_task(http.get(server.url))
        await asked.wait()
        call.cancel()
        async with asyncio.timeout(5):
            await closed.wait()


async def test_at_a_tick_each_is_read_once_what_came_of_the_one_before_is_on_its_way() -> None:
    """What a model said passes a task of its own and its page's on the way to a reader."""
    loop, gap = asyncio.get_running_loop(), 0.4
    pace = Pace(gap)
    happened: list[str] = []

    async def read(name: str) -> None:
        answered, shown = asyncio.Event(), asyncio.Event()

        async def compose() -> None:
            await answered.wait()
            happened.append(f"{name} composed")
            shown.set()

        async def follow() -> None:
            await shown.wait()
            happened.append(f"{name} sent")

        others = [asyncio.create_task(compose()), asyncio.create_task(follow())]
        await asyncio.sleep(0)
        await pace.wait(0)
        answered.set()
        await asyncio.gather(*others)

    begun = loop.time()
    left = asyncio.create_task(pace.wait(0))
    await asyncio.sleep(0)
    left.cancel()
    names = ["a", "b", "c", "d"]
    async with asyncio.timeout(5):
        await asyncio.gather(*map(read, names))
    assert loop.time() - begun < 3 * gap, "all at one tick"
    assert happened == [f"{name} {what}" for name in names for what in ("composed", "sent")]


def test_who_is_late_is_read_less_often_and_who_catches_up_as_often_as_before() -> None:
    pace, least, now, gaps = Pace(0.03), 0.03, 100.0, []
    for late in [0.0] * 2 + [0.5] * 9 + [0.0] * 150:
        tick = pace.next_tick(now)
        assert now < tick <= now + 1.5 * pace.gap + 0.001
        assert now < pace.next_tick(now, 0.25) <= now + max(0.25, 1.5 * pace.gap) + 0.001
        now = tick + late + 0.001
        pace.observe(tick, now)
        gaps.append(pace.gap)
    assert gaps[1] == least
    assert gaps[2:6] == [2 * least, 4 * least, 8 * least, 8 * least]
    assert gaps[10] == 8 * least, "and no less often than that"
    assert gaps[-1] == least


def test_a_timer_that_fires_early_has_nobody_read_twice_at_one_tick() -> None:
    pace = Pace(0.03)
    tick = pace.next_tick(100.0)
    pace.observe(tick, tick - 0.001)
    assert pace.next_tick(tick - 0.001) == pytest.approx(tick + 0.03)
    assert pace.next_tick(tick + 0.001) == pytest.approx(tick + 0.03)


async def test_a_fast_sender_is_held_back_by_a_slow_reader(http: httpx.AsyncClient) -> None:
    sent = 0
    piece = b"x" * 65_536

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await take_request(reader)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        writer.write(OK + b"\r\n")
        for _ in range(2_000):
            writer.write(piece)
            await writer.drain()
            sent += len(piece)

    async with serving(serve) as server, http.stream("GET", server.url) as response:
        assert await anext(response.aiter_raw())
        before = -1
        while sent != before:
            before = sent
            await asyncio.sleep(0.1)
        assert sent < 16 * 1024 * 1024


# ------------------------------------------------------------------ TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, signed by itself."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    options = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    subject = [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(path),
        "-out",
        f"{path}.crt",
    ]
    subprocess.run(["openssl", *options.split(), *subject], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_over_tls_bodies_and_connections_are_the_same(
    certificate: Path, server_tls: ssl.SSLContext
) -> None:
    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(certificate))

    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n|3\r\nllo\r\n0\r\n\r\n"
    async with (
        serving(answering(chunked, HELLO, gap=0.002), server_tls) as server,
        httpx.AsyncClient(transport=PacedTransport(0.001, trusting), timeout=5) as http,
    ):
        assert [(await http.get(server.url)).text for _ in range(2)] == ["hello", "hello"]
        assert server.connections == 1


async def test_records_of_a_byte_are_read_a_few_at_a_time(
    certificate: Path, server_tls: ssl.SSLContext
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(OK + b"Content-Length: 2000\r\n\r\n")
        for _ in range(2000):
            writer.write(b"x")
        await writer.drain()

    trusting = ssl.create_default_context(cafile=str(certificate))
    async with (
        serving(serve, server_tls) as server,
        httpx.AsyncClient(transport=PacedTransport(0.001, lambda: trusting)) as http,
        http.stream("GET", server.url, timeout=5) as response,
    ):
        pieces = [len(piece) async for piece in response.aiter_raw()]
    assert sum(pieces) == 2000
    assert max(pieces) <= 256


class ByHand(Pace):
    """Ticks when it is told to, whatever pause it is asked for."""

    def __init__(self) -> None:
        super().__init__(1.0)
        self.tick = asyncio.Event()
        self.pauses: list[float] = []

    async def wait(self, pause: float) -> None:
        self.pauses.append(pause)
        await self.tick.wait()


async def test_between_ticks_what_comes_is_not_even_listened_for_be_it_over_tls(
    certificate: Path, server_tls: ssl.SSLContext
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 10\r\n\r\nhello")
        await reader.readexactly(1)
        writer.write(b"w")
        await writer.drain()
        writer.write(b"orld")

    loop, trusting = asyncio.get_running_loop(), ssl.create_default_context(cafile=str(certificate))
    for server_side, client_side in ((None, None), (server_tls, trusting)):
        async with serving(serve, server_side) as server:
            pace = ByHand()
            stream = await connect("127.0.0.1", server.port, client_side)
            connection = Connection(stream, pace)
            await connection.wait_for_head()
            pace.tick.set()
            body = b""
            while len(body) < len("hello"):
                body += await connection.next_body()
            pace.tick.clear()
            rest = asyncio.create_task(connection.next_body())
            stream.send(b"?")
            await asyncio.sleep(0.01)
            assert not loop.remove_reader(stream)
            assert not rest.done()
            pace.tick.set()
            body += await rest
            while not connection.complete:
                body += await connection.next_body()
            assert body == b"helloworld"
            connection.close()


async def test_an_answer_is_not_read_on_while_it_is_said_that_it_need_not_be() -> None:
    pace = ByHand()
    pace.tick.set()
    pauses = count(7.0)
    transport = PacedTransport()
    transport._pace = pace  # noqa: SLF001 - no clock

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        writer.write(OK + b"Content-Length: 5\r\n\r\n")
        await read.wait()
        writer.write(b"hello")

    read = asyncio.Event()
    async with (
        serving(serve) as server,
        httpx.AsyncClient(transport=transport) as http,
        http.stream("GET", server.url, extensions={"pause": lambda: next(pauses)}) as response,
    ):
        read.set()
        assert await response.aread() == b"hello"
    assert pace.pauses == [7.0 + at for at in range(len(pace.pauses))] != []


async def test_a_certificate_that_nobody_vouches_for_is_a_connect_error(
    http: httpx.AsyncClient, server_tls: ssl.SSLContext
) -> None:
    async with serving(answering(HELLO), server_tls) as server:
        with pytest.raises(httpx.ConnectError):
            await http.get(server.url)


async def test_a_server_that_speaks_no_tls_is_a_connect_error(http: httpx.AsyncClient) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO)

    async with serving(serve) as server:
        server.scheme = "https"
        with pytest.raises(httpx.ConnectError):
            await http.get(server.url)
