"""POST /shopify/webhooks: a store says what has changed, and signs it."""

from __future__ import annotations

import base64
import hmac
import json
from collections import Counter
from collections.abc import Callable, Mapping

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.metrics.counters import Counters
from app.settings import ShopifySettings
from app.util.http_body import Body
from app.util.latest import Latest
from app.web.body import BodyReader, Rejected
from app.web.headers import FILE_HEADERS
from app.web.responses import Response, send_response

MAX_BODY_BYTES = 2 * 1024 * 1024
"""A product of 2,000 variants, where the subscription does not ask for less of it."""

_BODIES_TOGETHER = 4
_MOST_SEEN = 1_000
"""Webhooks that are known again when they come a second time."""


class ShopifyWebhooks:
    """Takes webhooks of products and inventory levels; `note` takes what changed, and when.

    What is signed is answered with 200, whatever it is: sent again it would be the same.
    `counts` has what became of each.
    """

    def __init__(self, secret: str, note: Callable[[str, object], None]) -> None:
        self.counts: Counter[str] = Counter()
        self._secret, self._note = secret.encode(), note
        self._seen: Latest[bytes, None] = Latest(_MOST_SEEN)
        self._bodies = BodyReader(MAX_BODY_BYTES, _BODIES_TOGETHER * MAX_BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer POST."""
        headers = dict(scope["headers"])
        try:
            with self._bodies.room(scope):
                body = await self._bodies.read(receive)
                digest = base64.b64encode(hmac.digest(self._secret, body, "sha256"))
                given = headers.get(b"x-shopify-hmac-sha256", b"")
                signed = hmac.compare_digest(digest, given)
                status, outcome = (200, self._take(headers, body)) if signed else (401, "unsigned")
        except Rejected as no:
            status, outcome = no.status, no.code.lower()
        self.counts[outcome] += 1
        await send_response(scope, send, Response(Body(b""), FILE_HEADERS, status))

    def _take(self, headers: Mapping[bytes, bytes], body: bytes) -> str:
        """Pass on what has changed; say what became of the webhook."""
        name = headers.get(b"x-shopify-webhook-id", b"")
        if name in self._seen:
            return "repeated"
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError):
            return "unreadable"
        topic = headers.get(b"x-shopify-topic", b"").decode("latin-1")
        changed = _changed(topic, payload) if isinstance(payload, dict) else ""
        if not changed:
            return "ignored"
        of_product = topic.startswith("products/")
        self._note(changed, payload.get("updated_at") if of_product else None)
        if name:
            self._seen[name] = None
        return "taken"


def webhook_routes(
    account: ShopifySettings, note: Callable[[str, object], None], counters: Counters
) -> list[Route]:
    """Return where a store says what has changed, if it is known by what it signs that."""
    if not account.store or not account.secret:
        return []
    webhooks = ShopifyWebhooks(account.secret, note)
    counters["webhooks"] = webhooks.counts
    return [Route("/shopify/webhooks", webhooks, methods=["POST"])]


def _changed(topic: str, payload: Mapping[str, object]) -> str:
    """Return the global id of what a webhook is about; empty where it is nothing of the catalog."""
    kind, name = {
        "products/create": ("Product", "id"),
        "products/update": ("Product", "id"),
        "products/delete": ("Product", "id"),
        "inventory_levels/update": ("InventoryItem", "inventory_item_id"),
    }.get(topic, ("", ""))
    number = payload.get(name)
    is_number = isinstance(number, int) and not isinstance(number, bool) and number > 0
    return f"gid://shopify/{kind}/{number}" if is_number else ""
