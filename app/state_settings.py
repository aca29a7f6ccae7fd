"""The part of the environment that says where KV and database are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class Reader(Protocol):
    """Reads variables, each of its kind or SettingsError."""

    def text(self, name: str, otherwise: str) -> str: ...

    def needed(self, name: str) -> str: ...

    def choice(self, name: str, otherwise: str, choices: tuple[str, ...]) -> str: ...

    def address(self, name: str, otherwise: str) -> str: ...


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Where KV and database are: `sqlite` files, the `worker`'s bindings, or `cloudflare`'s API."""

    where: str = "sqlite"
    kv_url: str = "http://kv.internal"
    d1_url: str = "http://d1.internal"
    bindings_token: str = field(default="", repr=False)
    api_url: str = "https://api.cloudflare.com/client/v4"
    api_token: str = field(default="", repr=False)
    account: str = ""
    namespace: str = ""
    database: str = ""


def read_state(read: Reader) -> StateSettings:
    """Read where state lives, and what is needed to get there."""
    where = read.choice("WANDSTORE_STATE", "sqlite", ("sqlite", "worker", "cloudflare"))
    usual = StateSettings()
    if where != "sqlite":
        read.needed("SESSION_SECRET")  # one that is generated would be lost with the disk
    needed = read.needed if where == "cloudflare" else lambda _: ""
    return StateSettings(
        where=where,
        kv_url=read.address("WANDSTORE_KV_URL", usual.kv_url),
        d1_url=read.address("WANDSTORE_D1_URL", usual.d1_url),
        bindings_token=read.text("WANDSTORE_BINDINGS_TOKEN", ""),
        api_url=read.address("CLOUDFLARE_API_URL", usual.api_url),
        api_token=needed("CLOUDFLARE_API_TOKEN"),
        account=needed("CLOUDFLARE_ACCOUNT_ID"),
        namespace=needed("KV_NAMESPACE_ID"),
        database=needed("D1_DATABASE_ID"),
    )
