"""The stand-in itself: a server on loopback that plays scenarios to those who ask well."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from .checks import refusal
from .connection import Connection
from .gates import ClientLeft, Gates, Tally
from .http_wire import NotHttp, Request, read_request, response
from .plan import WIRES, plan
from .playbook import Playbook
from .scenario import Protocol, Scenario
from .steps import Run

_ROUTES: dict[str, Protocol] = {"/v1/chat/completions": "openai", "/v1/messages": "anthropic"}
_KEYS = ("authorization", "x-api-key")
_MOST_REMEMBERED = 1000
_MOST_CONNECTIONS = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: keys left out of `headers`, `at` in the event loop's seconds.

    `status` is what it was refused with, None where a scenario was played.
    """

    protocol: Protocol
    headers: Mapping[str, str]
    body: Any
    at: float
    status: int | None = None

    @property
    def model(self) -> str:
        """The model asked for, empty where none was."""
        return str(self.body.get("model", "")) if isinstance(self.body, dict) else ""


class StandIn:
    """A model provider for tests. Port 0 takes any free one; the host should be loopback."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._host = host
        self._port = port
        self._server: asyncio.Server
        self._playbook = Playbook()
        self._gates = Gates()
        self._requests: deque[Asked] = deque(maxlen=_MOST_REMEMBERED)
        self._asked = Tally()
        self._left = Tally()
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._accepted: set[Connection] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._connection, self._host, self._port, backlog=512
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        # A server that closes while it accepts leaves a socket without anybody: it stops accepting
        # first, and what it has accepted just now is made and begins.
        for listening in self._server.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        for _turn in range(3):
            await asyncio.sleep(0)
        self._server.close()
        while self._connections:
            connection, task = self._connections.popitem()
            task.cancel()
            connection.writer.transport.abort()
            await asyncio.wait({task, connection.closed}, return_when=asyncio.ALL_COMPLETED)
        for connection in self._accepted:
            connection.writer.transport.abort()
        if self._accepted:
            await asyncio.wait({connection.closed for connection in self._accepted})
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The server's root, without a slash at the end."""
        return f"http://{self._host}:{self._port}"

    @property
    def base_url(self) -> str:
        """What a client of either protocol is given: the root and `/v1`."""
        return f"{self.url}/v1"

    def play(self, *scenarios: Scenario, model: str | None = None) -> None:
        """Play these, one a request, the last for ever; `model` has its own, replacing others."""
        self._playbook.put(scenarios, model)

    @property
    def requests(self) -> tuple[Asked, ...]:
        """The last thousand requests, oldest first, those refused among them."""
        return tuple(self._requests)

    @property
    def request_count(self) -> int:
        """How many requests have come since the start."""
        return self._asked.count

    @property
    def departures(self) -> int:
        """How many clients left before their response was over."""
        return self._left.count

    async def asked(self, number: int) -> None:
        """Return once `number` requests have come since the start."""
        await self._asked.reached(number)

    async def reached(self, number: int) -> None:
        """Return once streams have been held `number` times since the start."""
        await self._gates.held.reached(number)

    async def release(self) -> None:
        """Let the stream that is held longest go on, waiting until there is one."""
        await self._gates.release()

    async def left(self, number: int) -> None:
        """Return once `number` clients have left before their response was over."""
        await self._left.reached(number)

    def _connection(self) -> Connection:
        connection = Connection(self._serve)
        self._accepted.add(connection)
        connection.closed.add_done_callback(lambda _: self._accepted.discard(connection))
        return connection

    async def _serve(self, connection: Connection) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[connection] = task
        try:
            await self._converse(connection)
        except ClientLeft:
            self._left.add()
        except ConnectionError:
            pass  # left between two requests, which clients may
        except asyncio.CancelledError:
            pass  # we close; asyncio would log a cancelled connection as an error
        finally:
            self._connections.pop(connection, None)
            connection.writer.close()

    async def _converse(self, connection: Connection) -> None:
        if len(self._connections) > _MOST_CONNECTIONS or self._playbook.take_refusal():
            await connection.reset()
            return
        try:
            while request := await read_request(connection.reader):
                stays = await self._answer(request, connection)
                if not stays or request.headers.get("connection", "").lower() == "close":
                    return
        except NotHttp as error:
            said = WIRES["openai"].error_body(400, str(error))
            await connection.write(Run((response(400, said, {"Connection": "close"}),)))

    async def _answer(self, request: Request, connection: Connection) -> bool:
        protocol = _ROUTES.get(request.path)
        if protocol is None or request.method != "POST":
            status = 404 if protocol is None else 405
            return await self._refuse(connection, "openai", status, "no such endpoint")
        body = _json(request.body)
        problem = refusal(protocol, request.headers, body)
        asked = self._note(protocol, request, body, problem[0] if problem else None)
        if problem:
            return await self._refuse(connection, protocol, *problem)
        scenario = self._playbook.take(asked.model)
        if scenario is None:
            return await self._refuse(connection, protocol, 500, "no scenario was queued")
        if protocol == "openai" and not (body.get("stream_options") or {}).get("include_usage"):
            scenario = replace(scenario, usage_place="none")
        return await connection.play(plan(scenario, protocol, asked.model), self._gates)

    def _note(self, protocol: Protocol, request: Request, body: Any, status: int | None) -> Asked:
        headers = {name: text for name, text in request.headers.items() if name not in _KEYS}
        asked = Asked(protocol, headers, body, asyncio.get_running_loop().time(), status)
        self._requests.append(asked)
        self._asked.add()
        return asked

    @staticmethod
    async def _refuse(
        connection: Connection, protocol: Protocol, status: int, message: str
    ) -> bool:
        body = WIRES[protocol].error_body(status, message)
        await connection.write(Run((response(status, body),)))
        return True


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
