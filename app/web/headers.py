"""The headers every page goes out with: nothing runs, loads or frames that is not ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Headers = Sequence[tuple[bytes, bytes]]

_ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
FILE_HEADERS: Headers = [
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    *_ALWAYS,
]
"""The headers of anything that is not a page: it may not act as one."""


STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
"""Sent over https alone: for a year the browser asks this host in no other way."""


_MOST_IMAGE_HOSTS = 32
"""Beyond these the header would grow out of bounds, and so every address with https may do."""


def content_security_policy(image_hosts: Iterable[str] = ()) -> bytes:
    """Return the policy of a page whose pictures may come from these hosts as well as from us."""
    hosts = sorted(image_hosts)
    images = " ".join(["'self'", *(hosts if len(hosts) <= _MOST_IMAGE_HOSTS else ["https:"])])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
        f"img-src {images}; connect-src 'self'; form-action 'self'; manifest-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ).encode()


def page_headers(image_hosts: Iterable[str] = (), prefetch_rules: str = "") -> Headers:
    """Return the headers of an HTML page; rules are the address of what may be fetched ahead."""
    rules = [(b"speculation-rules", f'"{prefetch_rules}"'.encode())] if prefetch_rules else []
    return [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", content_security_policy(image_hosts)),
        *rules,
        *_ALWAYS,
    ]
