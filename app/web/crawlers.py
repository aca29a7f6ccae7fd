"""Who is no shopper: crawlers and link previews, by the names they give themselves.

They get a complete page of the catalog's own and no cookie, and nothing is composed for them. One
that hides its name is a shopper to us, and is held by the limits on what new shoppers may cost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

NAMES = re.compile(
    rb"(?<!cu)bot\b|(?<!cu)bot[/_; -]|crawl|spider|slurp|archiver|scraper|bingpreview|linkpreview|"
    rb"uripreview|facebookexternalhit|facebookcatalog|embedly|pingdom|feedfetcher|"
    rb"mediapartners|apis-google|google-inspectiontool|google-extended|whatsapp/|chatgpt-user|"
    rb"claude-web|claude-user|perplexity-user|bytespider|petalsearch",
    re.IGNORECASE,
)
"""Cubot is a maker of phones."""

MAX_LENGTH = 1024


def is_crawler(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Say whether the request names itself as something other than a browser."""
    for name, value in headers:
        if name == b"user-agent":
            return NAMES.search(value[:MAX_LENGTH]) is not None
    return False
