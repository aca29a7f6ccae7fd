"""Vectors of Accept headers: who would have Markdown rather than HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.web.markdown import MAX_ACCEPT, prefers_markdown

_HEADERS = (
    "",
    "*/*",
    "text/html",
    "text/*",
    "text/markdown",
    "TEXT/Markdown",
    "text/markdown, text/html",
    "text/html, text/markdown",
    "text/markdown, text/html, */*",
    "text/markdown;q=0.9, text/html",
    "text/markdown;q=0.9,text/html;q=0.8",
    "text/markdown;q=0, */*",
    "text/markdown;q=0.000",
    "text/markdown; charset=utf-8; q=0.5, text/html;q=0.5",
    "text/markdown;q=high, text/html",
    "text/markdown;q=1.5, text/html;q=0.1",
    "text/markdown;q=2",
    " text/markdown ; q=0.7 , text/html ; q=0.71",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/x-markdown",
    "application/text/markdown",
    ",,;,text/markdown",
    "text/markdown;q=0.1, text/markdown;q=0.9, text/html;q=0.5",
    "text/plain," * 100 + "text/markdown",
    " " * (MAX_ACCEPT - 13) + "text/markdown",
    " " * (MAX_ACCEPT - 12) + "text/markdown",
)


def vectors() -> list[Mapping[str, Any]]:
    """Return headers with what is sent."""
    return [
        {
            "name": f"{at} {accept.strip():.60}",
            "accept": accept,
            "markdown": prefers_markdown(accept),
        }
        for at, accept in enumerate(_HEADERS)
    ]
