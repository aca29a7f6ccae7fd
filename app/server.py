"""Serves the shop until told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Any, cast

from jinja2 import TemplateError
from starlette.applications import Starlette

from app.content.site import SiteContent, feed_source, importer_of, read_site
from app.main import create_app
from app.pages.service import PageService
from app.pages.watch import log_problems
from app.settings import Settings, read_settings, unclear_settings, unknown_settings
from app.util.early_signals import end_by, end_within, signals_held
from app.util.errors import CANNOT, OperatorError
from app.util.http_protocol import BoundedHttpProtocol, Connections
from app.util.json_log import set_up_log
from app.util.lean_imports import Config, Server
from app.util.listener import Listener, bind, connection_limit
from app.util.loop_lag import LoopLag
from app.util.memory import give_back, memory_left
from app.util.warm_up import WarmUp

log = logging.getLogger("wandstore")

CLOSING = 3
"""Seconds that connections get to close, once every page has ended."""

_KEEPING = 5
"""Seconds that are left then to keep what was noted."""

_LOOKS_EVERY = 0.1
"""Seconds, as uvicorn has it."""

_CROWD, _AFTERWARDS = 1000, 8.0
"""Connections whose memory is worth the pause in which it is given back, and the seconds until all
that they had is let go of.
"""

_LEAST_DESCRIPTORS, _MOST_DESCRIPTORS = 64, 65_536


class StartError(OperatorError):
    """The shop cannot be opened here; the message says what is in the way."""


class _Lifespan:
    """Opens and closes the app, whose errors it raises as they are: uvicorn logs tracebacks."""

    should_exit = False

    def __init__(self, app: Starlette) -> None:
        self.state: dict[str, Any] = {}
        self._opened = app.router.lifespan_context(app)

    async def startup(self) -> None:
        await self._opened.__aenter__()

    async def shutdown(self) -> None:
        await self._opened.__aexit__(None, None, None)


class DrainingServer(Server):
    """On SIGTERM takes no more visitors, lets pages finish, and only then closes.

    Readers whose page does not finish in time are let go without a last word, so that their
    browsers resume elsewhere by id. A second signal ends all pages at once. It ends in the same
    way when what is loaded after the opening cannot be used.
    """

    def __init__(self, config: Config, app: Starlette, grace: float) -> None:
        super().__init__(config)
        self._app = app
        self.pages: PageService = app.state.pages
        self._warm_up: WarmUp = app.state.warm_up
        self._lag: LoopLag = app.state.lag
        self._grace = grace
        self._is_crowded = False
        self._hurries = False

    @property
    def failure(self) -> BaseException | None:
        """What loading after the opening ended with, if it failed."""
        return self._warm_up.failure

    async def on_tick(self, counter: int) -> bool:
        """Say whether to end, ten times a second, and how late that is."""
        self._lag.look()
        connections = len(self.server_state.connections)
        if self._is_crowded and connections < _CROWD // 4:
            asyncio.get_running_loop().call_later(_AFTERWARDS, give_back)
            self._is_crowded = False
        self._is_crowded |= connections >= _CROWD
        return await super().on_tick(counter) or self.failure is not None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open, and log the address that has been bound: with port 0 the system chooses it.

        Raises:
            StartError: the address cannot be had.
            StorageError: the state cannot be opened.
        """
        listening = sockets or self._bind()
        lifespan = _Lifespan(self._app)
        try:
            await lifespan.startup()
        except BaseException:
            for listener in listening:
                listener.close()
            raise
        self.lifespan = cast("Any", lifespan)
        make = partial(
            cast("Any", self.config.http_protocol_class),
            config=self.config,
            server_state=self.server_state,
            app_state=lifespan.state,
        )
        self.servers = [cast("Any", Listener(listening, make))]
        self.started = True
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        address = f"http://{host}:{listening[0].getsockname()[1]}"
        log.info("serving %s", address)
        if self._app.state.workbench_address:  # with its key, which is for no log
            with suppress(OSError):  # nobody reads it, or there is no room for it
                sys.stdout.write(f"the workbench: {address}{self._app.state.workbench_address}\n")
                sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listening sockets, drain, then do as uvicorn does."""
        if self._captured_signals:
            log.info("closing: %s", signal.Signals(self._captured_signals[0]).name)
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        draining = asyncio.create_task(self.pages.jobs.drain(self._grace))
        while not draining.done() and not self._hurries:
            await asyncio.wait({draining}, timeout=_LOOKS_EVERY)
        if self._hurries:
            self.config.timeout_graceful_shutdown = 0
            await self.pages.jobs.drain(0)
        await draining
        await super().shutdown(sockets)
        for handler in logging.getLogger().handlers:
            handler.flush()  # the signal that ends us now leaves no time for it

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; hurry at the second signal, and do not even close at the third.

        If the loop hangs, as in a component's own code, none of that comes to be: an alarm does.
        """
        end_within((0 if self.should_exit else self._grace) + CLOSING + _KEEPING, sig)
        if self.should_exit:
            self.force_exit, self._hurries = self._hurries, True
        else:
            super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGHUP for what SIGTERM is: a terminal that is closed, unless that is ignored.

        The process ends here by the signal, before anybody waits for threads: one may hang.
        """
        with ExitStack() as taken:
            with signals_held():
                taken.enter_context(super().capture_signals())
                if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
                    signal.signal(signal.SIGHUP, self.handle_exit)
                    taken.callback(signal.signal, signal.SIGHUP, signal.SIG_DFL)
            yield
            if self._captured_signals:
                end_by(self._captured_signals[0])

    def _bind(self) -> list[socket.socket]:
        host, port = self.config.host, self.config.port
        try:
            return bind(host, port)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise StartError(f"WANDSTORE_HOST {host}, WANDSTORE_PORT {port}: {why}") from error
        except UnicodeError:
            raise StartError(f"WANDSTORE_HOST {host}: no name can be like this") from None


def build_server(settings: Settings, read: Callable[[Settings], SiteContent]) -> DrainingServer:
    """Build what serves a shop, of whose files `read` makes the content."""
    source = feed_source(settings)
    if source is not None and not source.is_there:
        with ThreadPoolExecutor(1) as thread:  # whoever calls may have an event loop already
            thread.submit(asyncio.run, source.fetch()).result()
    content = read(settings)
    log_problems(content.catalogs)
    for shop in content.catalogs.shops.values():
        if not content.languages.has_words(shop.locale):
            log.warning("%s: locale/ has no words in %r, English stands in", shop.id, shop.locale)
    for problem in content.experiments.problems:
        log.warning("%s: %s", problem.within(problem.file), problem.reason)
    app = create_app(settings, content)
    most, head, stall = settings.connections
    limit = connection_limit(most, memory_left())
    connections = Connections(limit, head, stall, app.at_once)
    app.state.counters["connections"] = connections.counts
    config = Config(
        app,
        host=settings.host.strip("[]"),  # as addresses of IPv6 are written before a port
        port=settings.port,
        loop="uvloop",
        http=cast("Any", partial(BoundedHttpProtocol, open_connections=connections)),
        ws="none",
        lifespan="off",  # ours is
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=CLOSING,
    )
    return DrainingServer(config, app, settings.shutdown_grace)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP."""
    _raise_descriptor_limit()
    server = build_server(settings, _read_for_ever)
    gc.enable()
    server.run()
    if server.failure is not None:
        raise server.failure


def _read_for_ever(settings: Settings) -> SiteContent:
    """Read the shop's files, and have nobody look for garbage in what is there by then.

    Pages are drawn afterwards, and leave garbage that refers to the catalog: frozen, that would
    never go, nor would the catalog once there is another.
    """
    content = read_site(settings, importer_of(settings))
    gc.freeze()
    return content


def _raise_descriptor_limit() -> None:
    """Take as many descriptors as we may: the usual limit is meant for programs with `select`.

    Raises:
        StartError: these are too few for files of our own and for anybody to be answered.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < _LEAST_DESCRIPTORS:
        raise StartError(f"{most} files may be open at once (ulimit -n), {_LEAST_DESCRIPTORS} must")


def _reason(error: OperatorError | TemplateError | OSError) -> str:
    """Return what an error says; of a template also its file and line."""
    if not isinstance(error, TemplateError):
        return str(error)
    steps = traceback.extract_tb(error.__traceback__)
    at = next((step for step in reversed(steps) if step.filename.endswith(".jinja")), steps[-1])
    return f"{at.filename}, line {at.lineno}: {type(error).__name__}: {error.message}"


def main(environment: Mapping[str, str]) -> int:
    """Read the settings and serve; a mistake in them or in a file is told in one line."""
    set_up_log()
    for name in unknown_settings(environment):
        log.warning("%s is not a setting: it changes nothing", name)
    for name in unclear_settings(environment):
        log.warning("%s is neither 0 nor 1: it changes nothing", name)
    try:
        serve(read_settings(environment))
    except (OperatorError, TemplateError, OSError) as error:
        sys.stderr.write(f"wandstore cannot start: {_reason(error)}\n")
        return CANNOT
    except KeyboardInterrupt:
        pass
    return 0
