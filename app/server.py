"""Serves the shop until told to stop."""

from __future__ import annotations

import gc
import logging
import socket
import sys
from collections.abc import Mapping

from sse_starlette.sse import AppStatus

from app.catalog.problems import CatalogError
from app.content.components import LibraryError
from app.content.prompts import PromptError
from app.content.site import SiteContent, read_site
from app.main import create_app
from app.pages.catalog_watch import log_problems
from app.pages.service import PageService
from app.rendering.language import MessagesError
from app.settings import Settings, SettingsError, read_settings, unknown_settings
from app.util.json_log import set_up_log
from app.util.lazy import WarmUp
from app.util.lean_uvicorn import Config, Server
from app.web.session_secret import SecretError

log = logging.getLogger("wandstore")

_CLOSING = 3
"""Seconds that connections get to close, once every page has ended."""

CANNOT_START = 2

_MISTAKES = (
    *(SettingsError, CatalogError, LibraryError, PromptError, MessagesError),
    SecretError,
)
"""What is told in one line: the environment or the shop's files are not what they should be."""


class DrainingServer(Server):
    """On SIGTERM takes no more visitors, lets pages finish, and only then closes.

    Readers whose page does not finish in time are let go without a last word, so that their
    browsers resume elsewhere by id. It ends in the same way when what is loaded after the opening
    cannot be used.
    """

    def __init__(self, config: Config, pages: PageService, warm_up: WarmUp, grace: float) -> None:
        super().__init__(config)
        self._pages = pages
        self._warm_up = warm_up
        self._grace = grace

    @property
    def failure(self) -> BaseException | None:
        """What loading after the opening ended with, if it failed."""
        return self._warm_up.failure

    async def on_tick(self, counter: int) -> bool:
        """Say whether to end."""
        return await super().on_tick(counter) or self.failure is not None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open, and log the address that has been bound: with port 0 the system chooses it."""
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        log.info("serving http://%s:%d", self.config.host, port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listening sockets, drain, then do as uvicorn does."""
        for server in getattr(self, "servers", []):
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._pages.drain(self._grace)
        await super().shutdown(sockets)


def build_server(settings: Settings) -> DrainingServer:
    """Read the shop's files and build what serves them."""
    content = read_site(settings)
    log_problems(content.catalogs)
    _log_missing_words(content)
    app = create_app(settings, content)
    AppStatus.enable_automatic_graceful_drain = False
    config = Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_CLOSING,
    )
    return DrainingServer(config, app.state.pages, app.state.warm_up, settings.shutdown_grace)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = build_server(settings)
    gc.freeze()
    gc.enable()
    server.run()
    if server.failure is not None:
        raise server.failure


def _log_missing_words(content: SiteContent) -> None:
    """Say which shops have no words in their language."""
    for shop in content.catalogs.shops.values():
        if not content.languages.has_words(shop.locale):
            log.warning("%s: locale/ has no words in %r, English stands in", shop.id, shop.locale)


def main(environment: Mapping[str, str]) -> int:
    """Read the settings and serve; a mistake in them is told in one line."""
    set_up_log()
    for name in unknown_settings(environment):
        log.warning("%s is not a setting: it changes nothing", name)
    try:
        serve(read_settings(environment))
    except _MISTAKES as error:
        sys.stderr.write(f"wandstore cannot start: {error}\n")
        return CANNOT_START
    except KeyboardInterrupt:
        pass
    return 0
