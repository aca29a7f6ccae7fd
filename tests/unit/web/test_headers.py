"""The policy of pages: pictures from where the catalog has them, and a header that stays short."""

from __future__ import annotations

import pytest

from app.web.headers import content_security_policy


def images(*hosts: str) -> str:
    policy = content_security_policy(hosts).decode()
    (directive,) = [part for part in policy.split("; ") if part.startswith("img-src ")]
    return directive


def test_pictures_may_come_from_us_and_from_the_catalogs_hosts() -> None:
    assert images() == "img-src 'self'"
    assert images("https://b.example", "https://a.example:8443") == (
        "img-src 'self' https://a.example:8443 https://b.example"
    )


@pytest.mark.parametrize("hosts", [33, 5_000])
def test_many_hosts_do_not_make_the_header_long(hosts: int) -> None:
    assert images(*(f"https://h{at}.example" for at in range(hosts))) == "img-src 'self' https:"


def test_a_few_dozen_hosts_are_still_named() -> None:
    assert images(*(f"https://h{at}.example" for at in range(32))).count("https://") == 32
