"""The environment, read once into a frozen Settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from app.domain.limits import (
    BreakerLimits,
    CallLimits,
    Deadlines,
    ParseLimits,
    Spending,
)

_SHORTEST_SECRET = 16

ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """An environment variable has a value that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """How to reach one model. Options that compatible servers differ in are settings."""

    base_url: str
    model: str
    key: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StorageSettings:
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


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set from outside. Seconds and bytes unless a name says otherwise."""

    host: str = "127.0.0.1"
    port: int = 8080
    data: Path = ROOT / "data"
    catalog: Path = ROOT / "demo" / "catalog.json"
    currency: str = "USD"
    design: bool = False
    session_secret: str = field(default="", repr=False)
    worker_secret: str = field(default="", repr=False)
    storage: StorageSettings = field(default_factory=StorageSettings)
    kimi: ProviderSettings | None = None
    claude: ProviderSettings | None = None
    house_pace: float = 1.0
    shutdown_grace: float = 12.0
    max_concurrent_pages: int = 100
    max_queued_pages: int = 400
    deadlines: Deadlines = Deadlines()
    calls: CallLimits = CallLimits()
    parsing: ParseLimits = ParseLimits()
    breaker: BreakerLimits = BreakerLimits()
    spending: Spending = Spending()
    max_request_bytes: int = 2 * 1024 * 1024
    root: Path = ROOT


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the `WANDSTORE_*` and provider variables.

    Raises:
        SettingsError: a value is not of its kind; the message names the variable.
    """
    read = Env(environment)
    return Settings(
        host=read.text("WANDSTORE_HOST", "127.0.0.1"),
        port=int(read.number("WANDSTORE_PORT", 8080, least=0, most=65535)),
        data=Path(read.text("WANDSTORE_DATA", str(ROOT / "data"))),
        catalog=Path(read.text("WANDSTORE_CATALOG", str(ROOT / "demo" / "catalog.json"))),
        root=Path(read.text("WANDSTORE_ROOT", str(ROOT))).resolve(),
        currency=read.text("WANDSTORE_CURRENCY", "USD"),
        design=read.text("WANDSTORE_DESIGN", "") == "1",
        session_secret=read.text("SESSION_SECRET", ""),
        worker_secret=read.secret("WORKER_SECRET"),
        storage=_storage(read),
        kimi=_kimi(read),
        claude=_claude(read),
        house_pace=read.number("WANDSTORE_HOUSE_PACE", 1.0, least=0, most=100),
        shutdown_grace=read.number("WANDSTORE_GRACE", 12.0, least=0, most=600),
        max_concurrent_pages=int(read.number("WANDSTORE_PAGES_AT_ONCE", 100, least=1, most=10_000)),
        max_queued_pages=int(read.number("WANDSTORE_PAGES_WAITING", 400, least=0, most=10_000)),
        deadlines=_deadlines(read),
        calls=_calls(read),
        parsing=_parsing(read),
        breaker=_breaker(read),
        spending=_spending(read),
        max_request_bytes=read.whole("WANDSTORE_REQUEST_BYTES", 2 * 1024 * 1024, most=64 * 1024**2),
    )


def _deadlines(read: Env) -> Deadlines:
    usual = Deadlines()
    return Deadlines(
        models=read.seconds("WANDSTORE_MODELS_SECONDS", usual.models),
        slot=read.seconds("WANDSTORE_SLOT_SECONDS", usual.slot),
        page=read.seconds("WANDSTORE_PAGE_SECONDS", usual.page),
    )


def _calls(read: Env) -> CallLimits:
    usual = CallLimits()
    return CallLimits(
        connect=read.seconds("WANDSTORE_CONNECT_SECONDS", usual.connect),
        first_token=read.seconds("WANDSTORE_FIRST_TOKEN_SECONDS", usual.first_token),
        idle=read.seconds("WANDSTORE_SILENCE_SECONDS", usual.idle),
        total=read.seconds("WANDSTORE_ANSWER_SECONDS", usual.total),
        max_tokens=read.whole("WANDSTORE_ANSWER_TOKENS", usual.max_tokens, most=100_000),
    )


def _parsing(read: Env) -> ParseLimits:
    usual = ParseLimits()
    return ParseLimits(
        answer=read.whole("WANDSTORE_ANSWER_CHARS", usual.answer, most=16_000_000),
        component=read.whole("WANDSTORE_COMPONENT_CHARS", usual.component, most=1_000_000),
        components=read.whole("WANDSTORE_COMPONENTS", usual.components, most=1_000),
        depth=read.whole("WANDSTORE_NESTING", usual.depth, most=100),
    )


def _breaker(read: Env) -> BreakerLimits:
    usual = BreakerLimits()
    return BreakerLimits(
        failures=read.whole("WANDSTORE_BREAKER_FAILURES", usual.failures),
        cooldown=read.seconds("WANDSTORE_BREAKER_SECONDS", usual.cooldown),
        successes=read.whole("WANDSTORE_BREAKER_SUCCESSES", usual.successes),
    )


def _spending(read: Env) -> Spending:
    usual = Spending()
    return Spending(
        calls=read.whole("WANDSTORE_CALLS_PER_HOUR", usual.calls, least=0),
        tokens=read.whole("WANDSTORE_TOKENS_PER_HOUR", usual.tokens, least=0),
        new_calls=read.whole("WANDSTORE_NEW_CALLS_PER_HOUR", usual.new_calls, least=0),
    )


def _kimi(read: Env) -> ProviderSettings | None:
    key = read.text("KIMI_API_KEY", "")
    base_url = read.address("KIMI_BASE_URL", "https://api.moonshot.ai/v1")
    model = read.text("KIMI_MODEL", "kimi-k2.6")
    options = {
        "thinking": read.choice("KIMI_THINKING", "disabled", ("disabled", "enabled", "unset")),
        "max_tokens_name": read.choice(
            "KIMI_MAX_TOKENS_NAME", "max_completion_tokens", ("max_completion_tokens", "max_tokens")
        ),
        "temperature": read.optional_number("KIMI_TEMPERATURE", least=0, most=2),
        "response_format": read.choice("KIMI_JSON_MODE", "json_object", ("json_object", "unset")),
    }
    return ProviderSettings(base_url, model, key, options) if key else None


def _claude(read: Env) -> ProviderSettings | None:
    key = read.text("CLAUDE_API_KEY", "")
    base_url = read.address("CLAUDE_BASE_URL", "https://api.anthropic.com")
    model = read.text("CLAUDE_MODEL", "claude-haiku-4-5")
    return ProviderSettings(base_url, model, key) if key else None


def _storage(read: Env) -> StorageSettings:
    """Read where state lives, and what is needed to get there."""
    where = read.choice("WANDSTORE_STATE", "sqlite", ("sqlite", "worker", "cloudflare"))
    usual = StorageSettings()
    if where != "sqlite":
        read.needed("SESSION_SECRET")  # one that is generated would be lost with the disk
    needed = read.needed if where == "cloudflare" else lambda _: ""
    return StorageSettings(
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


class Env(NamedTuple):
    """Reads variables, each of its kind or SettingsError."""

    environment: Mapping[str, str]

    def text(self, name: str, otherwise: str) -> str:
        return self.environment.get(name, "").strip() or otherwise

    def needed(self, name: str) -> str:
        """Return a value that must be there."""
        value = self.text(name, "")
        if not value:
            raise SettingsError(f"{name} must be set, since WANDSTORE_STATE is not sqlite")
        return value

    def secret(self, name: str) -> str:
        """Return a secret, empty where none is set."""
        value = self.text(name, "")
        if value and len(value.encode()) < _SHORTEST_SECRET:
            raise SettingsError(f"{name} must have at least {_SHORTEST_SECRET} bytes")
        return value

    def number(self, name: str, otherwise: float, *, least: float, most: float) -> float:
        text = self.text(name, str(otherwise))
        try:
            value = float(text)
        except ValueError:
            raise SettingsError(f"{name} must be a number, not {text!r}") from None
        if not least <= value <= most:
            raise SettingsError(f"{name} must be from {least:g} to {most:g}, not {text}")
        return value

    def seconds(self, name: str, otherwise: float) -> float:
        return self.number(name, otherwise, least=0.01, most=3600)

    def whole(self, name: str, otherwise: int, *, least: int = 1, most: int = 1_000_000_000) -> int:
        return int(self.number(name, otherwise, least=least, most=most))

    def optional_number(self, name: str, *, least: float, most: float) -> str:
        """Return the number as it is written, empty where none is set."""
        if self.text(name, ""):
            self.number(name, least, least=least, most=most)
        return self.text(name, "")

    def choice(self, name: str, otherwise: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, otherwise)
        if value not in choices:
            raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
        return value

    def address(self, name: str, otherwise: str) -> str:
        value = self.text(name, otherwise).rstrip("/")
        if not value.startswith(("https://", "http://")):
            raise SettingsError(f"{name} must be an http(s) address, not {value!r}")
        return value
