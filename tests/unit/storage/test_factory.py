"""Which state is opened, and what is said where it cannot be."""

from __future__ import annotations

import sys

import pytest

from app.metrics.registry import Metrics
from app.settings import read_settings
from app.storage.errors import StorageError
from app.storage.factory import open_storage

CLUSTER = {
    "WANDSTORE_STATE": "cluster",
    "SESSION_SECRET": "a secret of sixteen bytes or more",
    "DATABASE_URL": "postgresql://shop@postgres/shop",
}


@pytest.mark.parametrize(
    "address",
    [
        "redis://:hush@redis:99999",
        "redis://shop:hu/sh@redis",
        "redis://:hush@redis?a=b",
        "redis://:hush@redis/shop",
    ],
)
def test_an_address_that_is_none_is_named_and_its_password_is_not(address: str) -> None:
    settings = read_settings({**CLUSTER, "REDIS_URL": address})
    with pytest.raises(StorageError, match=r"^REDIS_URL: ") as told:
        open_storage(settings, Metrics())
    assert "hu" not in str(told.value)


def test_a_package_that_is_not_installed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    monkeypatch.delitem(sys.modules, "app.storage.db.postgres", raising=False)
    with pytest.raises(StorageError, match=r"asyncpg .*wandstore\[cluster\]"):
        open_storage(read_settings({**CLUSTER, "REDIS_URL": "redis://redis"}), Metrics())
