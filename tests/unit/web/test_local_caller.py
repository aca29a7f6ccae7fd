"""Who calls from this machine, and who only seems to."""

from __future__ import annotations

import pytest

from app.web.local_caller import is_local


def scope(
    client: tuple[str, int] | None, *headers: tuple[bytes, bytes], host: str = "127.0.0.1:8080"
) -> dict[str, object]:
    return {"client": client, "headers": [(b"host", host.encode("latin-1")), *headers]}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_the_loopback_is_this_machine(address: str) -> None:
    assert is_local(scope((address, 1)))


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "fe80::1", "localhost", ""])
def test_any_other_address_is_not(address: str) -> None:
    assert not is_local(scope((address, 1)))
    assert not is_local(scope(None))


@pytest.mark.parametrize(
    "name",
    ["forwarded", "via", "cdn-loop", "x-real-ip", "x-forwarded-for", "x-forwarded-anything", "x-original-forwarded-for", "x-cluster-client-ip", "fly-client-ip", "cf-connecting-ip", "cf-connecting-ipv6", "x-envoy-external-address"],
)  # fmt: skip
def test_what_was_forwarded_comes_from_somebody_else(name: str) -> None:
    assert not is_local(scope(("127.0.0.1", 1), (name.encode(), b"127.0.0.1")))


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:80", "127.0.0.1", "127.9.9.9:8080", "[::1]", "[::1]:", "[0::1]:1"],
)
def test_it_is_asked_for_by_a_name_that_no_other_machine_has(host: str) -> None:
    assert is_local(scope(("127.0.0.1", 1), host=host))


@pytest.mark.parametrize(
    "host",
    ["shop.example", "localhost.shop.example", "127.0.0.1.shop.example:80", "10.0.0.1", "[::2]", "0.0.0.1", "127.1", "2130706433", "[127.0.0.1", "::1", "localhost:80:80", "shop.example@127.0.0.1", "\xff", ""],
)  # fmt: skip
def test_a_name_that_was_made_to_resolve_to_this_machine_is_another_pages(host: str) -> None:
    assert not is_local(scope(("127.0.0.1", 1), host=host))


def test_without_a_host_nobody_can_say_for_whom_a_request_is() -> None:
    assert not is_local({"client": ("127.0.0.1", 1), "headers": []})
