"""Fetches a feed from an https address when it changes; keeps the last good copy on the disk."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.catalog.feed_text import LARGEST_FILE, beginning_of
from app.catalog.problems import CatalogError
from app.catalog.text import slug
from app.util.setting_values import may_be_fetched

if TYPE_CHECKING:
    import ssl

    import httpx

log = logging.getLogger("wandstore.catalog")

_CONNECT, _SILENCE, _WHOLE = 5.0, 10.0, 120.0
_MOST_REDIRECTS = 3
_CONDITIONS = {"etag": "if-none-match", "last-modified": "if-modified-since"}
_OK, _NOT_MODIFIED = 200, 304


class RemoteFeed:
    """A file that is kept as another machine has it.

    `counts` tell what became of each request, `current_at` (Unix seconds) when the file was last
    found to be as it is there.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.current_at: float | None = None
        self._failures: dict[str, str] = {}

    @property
    def state(self) -> str:
        """Return `ok`, or why it cannot be read."""
        return next(iter(self._failures.values()), "ok")

    async def attempt(self, act: Awaitable[bool], work: str = "") -> bool:
        """Say whether something was done; count it, and tell once why it was not."""
        try:
            self.counts[f"{work}taken" if await act else f"{work}unchanged"] += 1
        except CatalogError as error:
            self.counts[f"{work}failed"] += 1
            reason = f"failed: {error.problems[0].reason}"
            if self._failures.get(work) != reason:
                log.error("%s; the shop goes on as it was", error)  # noqa: TRY400 - it says all
            self._failures[work] = reason
            return False
        self._failures.pop(work, None)
        self.current_at = time.time()
        return True


class FeedDownload(RemoteFeed):
    """Keeps a file as the address of a feed has it. `check` raises where it cannot be sold from.

    What cannot does not replace what can.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        check: Callable[[Path], object],
        *,
        largest: int = LARGEST_FILE,
        every: float = 300.0,
    ) -> None:
        super().__init__()
        self._url = url
        self._folder = folder
        self._stem = slug((urlsplit(url).hostname or "").removeprefix("www.")) or "feed"
        self._check = check
        self._largest = largest
        self._every = every

    @property
    def is_there(self) -> bool:
        """Whether the feed has been fetched before."""
        return any(self._folder.glob(f"{self._stem}.*"))

    async def run(self) -> None:
        """Ask every so many seconds, for ever; say once why that fails."""
        while True:
            await self.attempt(self.fetch())
            await asyncio.sleep(self._every)

    async def fetch(self) -> bool:
        """Bring the file up to date; say whether it has changed.

        Raises:
            CatalogError: the address does not answer, or not with a feed that can be sold from.
        """
        fresh, conditions = self._folder / f".{self._stem}.new", self._conditions()
        async with within(_WHOLE, self._failure), https_client() as client:
            async with client.stream("GET", self._url, headers=conditions) as response:
                if response.status_code == _NOT_MODIFIED and conditions:
                    return False
                if response.status_code != _OK:
                    raise self._failure(f"HTTP {response.status_code}")
                await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
                if not await save(response, fresh, self._largest):
                    raise self._failure(f"is larger than {self._largest:,} bytes")
                headers = response.headers
                given = {name: headers[name] for name in _CONDITIONS if name in headers}
            await asyncio.to_thread(self._replace, fresh, given)
        return True

    def _replace(self, fresh: Path, given: dict[str, str]) -> None:
        """Put a file in the place of the last, if it can be sold from."""
        with fresh.open("rb") as file:
            kind = _kind_of(beginning_of(file.read(1024)))
        named = fresh.rename(fresh.with_name(f".{self._stem}{kind}"))
        try:
            self._check(named)
        except CatalogError as error:
            raise CatalogError(Path(self._stem), error.problems) from None
        for old in self._folder.glob(f"{self._stem}.*"):
            if old.suffix != kind:
                old.unlink()
        named.replace(self._folder / f"{self._stem}{kind}")
        (self._folder / f".{self._stem}").write_text(json.dumps(given))

    def _conditions(self) -> dict[str, str]:
        """Return the headers that ask only for what has changed, where there is something."""
        with suppress(OSError, ValueError):
            known: dict[str, str] = json.loads((self._folder / f".{self._stem}").read_text("utf-8"))
            if self.is_there:
                return {it: known[name] for name, it in _CONDITIONS.items() if name in known}
        return {}

    def _failure(self, reason: str) -> CatalogError:
        return CatalogError.of(Path(self._stem), reason)


def feed_folder(data: Path, url: str) -> Path:
    """Return where in the data folder the feed of an address is kept."""
    return data / "feeds" / hashlib.sha256(url.encode()).hexdigest()[:8]


@asynccontextmanager
async def within(seconds: float, failure: Callable[[str], CatalogError]) -> AsyncIterator[None]:
    """Have the block end in time. What fails of network and disk is a `failure`, of no address."""
    import httpx  # noqa: PLC0415 - only where something is fetched

    try:
        async with asyncio.timeout(seconds):
            yield
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError) as error:
        raise failure(type(error).__name__) from None
    except OSError as error:
        raise failure(error.strerror or "cannot be written") from error


async def save(response: httpx.Response, file: Path, largest: int) -> bool:
    """Write what is answered into a file; say whether it was no larger than it may be."""
    size = 0
    with file.open("wb") as target:
        async for piece in response.aiter_raw():  # unpacked, a piece may be a thousand times larger
            size += len(piece)
            if size > largest:
                return False
            await asyncio.to_thread(target.write, piece)
    return True


async def read(response: httpx.Response, largest: int) -> bytes | None:
    """Return what is answered; None where it is larger than it may be."""
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > largest:
            return None
    return bytes(content)


def https_client() -> httpx.AsyncClient:
    """Return a client with timeouts that speaks to others than this machine by https alone."""
    import httpx  # noqa: PLC0415 - only where something is fetched

    async def keep_to_https(request: httpx.Request) -> None:
        if not may_be_fetched(str(request.url)):
            raise httpx.UnsupportedProtocol(f"{request.url.scheme} is not https")

    return httpx.AsyncClient(
        verify=_certificates(),
        timeout=httpx.Timeout(_SILENCE, connect=_CONNECT),
        follow_redirects=True,
        max_redirects=_MOST_REDIRECTS,
        headers={"accept-encoding": "identity"},
        event_hooks={"request": [keep_to_https]},
    )


@cache
def _certificates() -> ssl.SSLContext:
    # Reading them takes 35 ms, in which the shop answers nobody: done once, not at each fetch.
    import httpx  # noqa: PLC0415 - only where something is fetched

    return httpx.create_ssl_context()


def _kind_of(beginning: bytes) -> str:
    """Return the suffix of a feed's file by how it begins."""
    sign = beginning.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1]
    return {b"<": ".xml", b"{": ".json"}.get(sign, ".csv")
