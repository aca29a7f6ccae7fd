"""Tells whether a request comes from one of our own pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SCHEMES = ("http://", "https://")


def from_our_page(headers: Mapping[bytes, bytes], public_url: str) -> bool:
    """Say whether a page of ours sent this. A request that does not say where from did not.

    Browsers that send `Sec-Fetch-Site` state it themselves; others send the page's `Origin`, which
    is the public address, or what a proxy before us passes on as `Host`.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin"
    origin = headers.get(b"origin", b"").decode("latin-1").lower()
    host = headers.get(b"host", b"").decode("latin-1").lower()
    if public_url and origin == public_url.lower():
        return True
    return bool(host) and origin in [f"{scheme}{host}" for scheme in _SCHEMES]


def wants_no_tracking(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Say whether the browser asks not to be followed (Do Not Track, Global Privacy Control)."""
    return (b"dnt", b"1") in headers or (b"sec-gpc", b"1") in headers
