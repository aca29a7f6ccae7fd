"""Recognises crawlers, link previews, health checks and scripts by their user agents.

They get a complete page of the catalog's own and no cookie, and nothing is composed for them. One
that hides its name is a shopper to us, and is held by the limits on what new shoppers may cost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

SELF_NAMED = re.compile(
    r"(?:bots?|crawl[a-z]*|spider|scraper|archiver|fetcher|preview|probe|monitor|checker|healthcheck|"
    r"googlehc|prometheus|exporter|whatsapp)/|compatible;[^)]*(?:bots?(?![a-z])|crawl|spider|slurp)|"
    r"^(?!mozilla/|opera/|dalvik/).*(?:bots?(?![a-z])|crawl|spider|health|check|monitor)|"
    r"headlesschrome|facebookexternalhit|mediapartners|chatgpt-user|claude-user|perplexity-user"
)
"""What names itself for what it is, as far as no phone does: some of those are called BOT.

It is looked for in small letters: compiled to disregard case it takes thrice as long.
"""

MAX_LENGTH = 1024
PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
PREFETCH = re.compile(rb"prefetch|prerender|preview")
_PREFETCH_NAMES = frozenset(name.encode() for name in PREFETCH_HEADERS)
_MOST_AGENTS = 1024
_NAME = re.compile(r"(?:\\[^a-zA-Z0-9]|[^\\.^$*+?{}\[\]|()])+")


class CrawlerList(NamedTuple):
    """Who is known: names that stand in a user agent as they are, and a pattern of the others."""

    names: tuple[str, ...]
    others: re.Pattern[str]


@cache
def crawler_list() -> CrawlerList:
    """Return the list that the package crawler-user-agents keeps, read once, in 10 ms.

    The package itself would keep an example of each in memory.
    """
    package: Any = find_spec("crawleruseragents")
    text = Path(package.origin).with_name("crawler-user-agents.json").read_text("utf-8")
    patterns: list[str] = json.loads(text, object_hook=lambda entry: entry["pattern"])
    names = [re.sub(r"\\(.)", r"\1", pattern) for pattern in patterns if _NAME.fullmatch(pattern)]
    others = "|".join(pattern for pattern in patterns if not _NAME.fullmatch(pattern))
    return CrawlerList(tuple(names), re.compile(others.replace("\\/", "/")))


def is_crawler(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Say whether the request names itself as something other than a browser.

    Until the list has been read, which is for others to see to, only what names itself is known.
    """
    for name, value in headers:
        if name == b"user-agent":
            agent = value[:MAX_LENGTH].decode("latin-1")
            is_read = crawler_list.cache_info().currsize > 0
            return SELF_NAMED.search(agent.lower()) is not None or (is_read and _is_listed(agent))
    return False


def is_subresource(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Say whether a browser asks for something to use in another page: a picture, a frame, data.

    No policy of ours lets a page of the shop be framed, so no shopper sees what comes of it.
    """
    return dict(headers).get(b"sec-fetch-dest", b"document") != b"document"


def is_prefetch(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Say whether a browser asks ahead of its shopper, who may never come."""
    named = [value for name, value in headers if name in _PREFETCH_NAMES]
    return any(map(PREFETCH.search, named))


@lru_cache(_MOST_AGENTS)
def _is_listed(agent: str) -> bool:
    known = crawler_list()
    return any(map(agent.__contains__, known.names)) or known.others.search(agent) is not None
