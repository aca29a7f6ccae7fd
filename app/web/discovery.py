"""GET /robots.txt, /sitemap.xml and all else that is asked for at the root, in one endpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.content.discovery import NAMES, root_file
from app.util.http_body import etag_of, zipped
from app.web.context import AppContext
from app.web.headers import FILE_HEADERS
from app.web.responses import Response, send_response

TYPES = {
    ".txt": b"text/plain; charset=utf-8",
    ".xml": b"application/xml; charset=utf-8",
    ".ico": b"image/x-icon",
}
AN_HOUR = b"public, max-age=3600"


class RootFiles:
    """Answers for the files at the root. The host that a request names plays no part in them."""

    def __init__(self, web: AppContext) -> None:
        self._web = web
        paths = (*(f"/{name}" for name in NAMES), "/sitemap-{shop_id}-{number:int}.xml")
        self.routes = [Route(path, self, methods=["GET"]) for path in paths]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file, or with the page for what is not there."""
        name = scope["path"].removeprefix("/")
        now = datetime.fromtimestamp(self._web.now(), UTC)
        data = root_file(name, self._web.site.current.content, now)
        if data is None:
            await self._web.send_not_found(scope, send, None)
            return
        body = zipped(data)._replace(etag=etag_of(data))
        headers = [*FILE_HEADERS, (b"content-type", TYPES[Path(name).suffix])]
        caching = [(b"cache-control", AN_HOUR)]
        await send_response(scope, send, Response(body, headers, extra_headers=caching))
