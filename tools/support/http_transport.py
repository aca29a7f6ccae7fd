"""Carries httpx's requests to this machine: a socket, and the parser that the shop itself has.

httpx's own transport takes longer for a request than the shop for its answer: it is written in
Python down to the reading of the headers, which a test has no claim about.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx
from httptools import HttpParserError, HttpResponseParser

_PIECE = 1 << 16


class LoopbackTransport(httpx.BaseTransport):
    """Sends requests over connections that are kept, as httpx's own transport does."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[socket.socket]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the response as soon as its headers are there."""
        waits: dict[str, float | None] = request.extensions.get("timeout", {})
        place = (request.url.host, request.url.port or 80)
        connection = self._kept(place) or _connected(place, waits.get("connect"))
        answer = _Answer(connection, request, self._idle.setdefault(place, []))
        try:
            connection.settimeout(waits.get("write"))
            with suppress(OSError):  # who does not read all may have answered all the same
                for piece in _written(request):
                    connection.sendall(piece)
            connection.settimeout(waits.get("read"))
            answer.read_head()
        except BaseException:
            connection.close()
            raise
        how = {"http_version": b"HTTP/" + answer.version, "reason_phrase": answer.reason}
        return httpx.Response(answer.status, headers=answer.headers, stream=answer, extensions=how)

    def close(self) -> None:
        """Close what is kept."""
        for kept in self._idle.values():
            while kept:
                kept.pop().close()

    def _kept(self, place: tuple[str, int]) -> socket.socket | None:
        """Return a connection that the other side has not closed meanwhile, if there is one."""
        kept = self._idle.get(place, [])
        while kept:
            connection = kept.pop()
            if not select.select([connection], [], [], 0)[0]:
                return connection
            connection.close()
        return None


class _Answer(httpx.SyncByteStream):
    """A response as it comes; read to its end, it leaves its connection to the next."""

    def __init__(
        self, connection: socket.socket, request: httpx.Request, idle: list[socket.socket]
    ) -> None:
        self.status = 0
        self.reason = b""
        self.version = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self._connection = connection
        self._request = request
        self._idle = idle
        self._pieces: list[bytes] = []
        self._has_head = self._is_whole = self._is_kept = self._is_closed = False
        self._parser = HttpResponseParser(self)

    def on_status(self, reason: bytes) -> None:
        """Take the words beside the status."""
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Take the head; HEAD has nothing after it, whatever length it tells."""
        self.status = self._parser.get_status_code()
        self.version = self._parser.get_http_version().encode()
        self._has_head = self.status >= httpx.codes.OK
        if self._has_head and self._request.method == "HEAD":
            self._end()

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """Take the end, or that of what was told before the answer."""
        if self._has_head:
            self._end()
        else:
            self.reason, self.headers = b"", []

    def read_head(self) -> None:
        """Read until the headers are there."""
        while not self._has_head:
            self._read("without sending a response")

    def __iter__(self) -> Iterator[bytes]:
        while True:
            while self._pieces:
                yield self._pieces.pop(0)
            if self._is_whole:
                return
            self._read("without sending the complete message body")

    def close(self) -> None:
        """Keep the connection where all was read, and close it otherwise."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_kept:
            self._idle.append(self._connection)
        else:
            self._connection.close()
        del self._parser  # it knows us: what refers to itself waits for who looks for garbage

    def _end(self) -> None:
        self._is_whole = True
        self._is_kept = self._parser.should_keep_alive()

    def _read(self, lacking: str) -> None:
        piece = _told_as_httpx_does(self._request, lambda: self._connection.recv(_PIECE))
        if piece:
            try:
                self._parser.feed_data(piece)
            except HttpParserError as error:
                if not self._is_whole:
                    raise httpx.RemoteProtocolError(str(error), request=self._request) from error
        elif self._has_head and not _tells_its_length(self.headers):
            self._is_whole = True
        else:
            message = f"Server disconnected {lacking}"
            raise httpx.RemoteProtocolError(message, request=self._request)


def _connected(place: tuple[str, int], seconds: float | None) -> socket.socket:
    try:
        connection = socket.create_connection(place, seconds)
    except TimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except OSError as error:
        raise httpx.ConnectError(str(error)) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _written(request: httpx.Request) -> Iterator[bytes]:
    """Yield a request as it is sent: its head with the first piece of what follows."""
    lines = [f"{request.method} ".encode() + request.url.raw_path + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in request.headers.raw]
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    assert isinstance(request.stream, httpx.SyncByteStream)
    in_chunks = request.headers.get("transfer-encoding") == "chunked"
    for piece in request.stream:
        if piece:
            yield head + (b"%x\r\n%b\r\n" % (len(piece), piece) if in_chunks else piece)
            head = b""
    yield head + (b"0\r\n\r\n" if in_chunks else b"")


def _told_as_httpx_does(request: httpx.Request, receive: Callable[[], bytes]) -> bytes:
    try:
        return receive()
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except OSError as error:
        raise httpx.ReadError(str(error), request=request) from error


def _tells_its_length(headers: list[tuple[bytes, bytes]]) -> bool:
    names = {name.lower() for name, _ in headers}
    return not names.isdisjoint((b"content-length", b"transfer-encoding"))
