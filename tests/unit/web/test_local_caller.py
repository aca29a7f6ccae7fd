"""Who calls from this machine, and who only seems to."""

from __future__ import annotations

import pytest

from app.web.local_caller import is_local


def scope(client: tuple[str, int] | None, *headers: tuple[bytes, bytes]) -> dict[str, object]:
    return {"client": client, "headers": list(headers)}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_the_loopback_is_this_machine(address: str) -> None:
    assert is_local(scope((address, 1)))


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "fe80::1", "localhost", ""])
def test_any_other_address_is_not(address: str) -> None:
    assert not is_local(scope((address, 1)))
    assert not is_local(scope(None))


@pytest.mark.parametrize(
    "name", ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-anything"]
)
def test_what_was_forwarded_comes_from_somebody_else(name: str) -> None:
    assert not is_local(scope(("127.0.0.1", 1), (name.encode(), b"127.0.0.1")))
