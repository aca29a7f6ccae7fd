"""Tells whether a request asks for HTML or for Markdown."""

from __future__ import annotations

import re

from starlette.types import Scope

from app.web.headers import FILE_HEADERS, Headers

MAX_ACCEPT = 1_024
MARKDOWN = "text/markdown"
CONTENT_TYPE = f"{MARKDOWN}; charset=utf-8"
MARKDOWN_HEADERS: Headers = [*FILE_HEADERS, (b"content-type", CONTENT_TYPE.encode())]
QUALITY = re.compile(r"^q=([01](?:\.[0-9]{0,3})?)$")


def wants_markdown(scope: Scope) -> bool:
    """Say whether the request would have Markdown rather than HTML."""
    values = [value for name, value in scope["headers"] if name == b"accept"]
    return bool(values) and prefers_markdown(b", ".join(values).decode("latin-1"))


def prefers_markdown(accept: str) -> bool:
    """Say whether an Accept header names Markdown, and no less than HTML."""
    accept = accept[:MAX_ACCEPT].lower()
    if MARKDOWN not in accept:  # no browser names it, and every page asks
        return False
    weights: dict[str, float] = {}
    for choice in accept.split(","):
        kind, *parameters = (part.strip() for part in choice.split(";"))
        found = [match[1] for part in parameters if (match := QUALITY.search(part))]
        weights[kind] = float(found[0]) if found else 1.0
    weight = weights.get(MARKDOWN, 0.0)
    return weight > 0 and weight >= weights.get("text/html", 0.0)
