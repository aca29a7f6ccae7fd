"""The environment, read once into a frozen Settings."""

from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from app.domain.limits import (
    MAX_LEASE,
    CallLimits,
    ConnectionLimits,
    Deadlines,
    ParseLimits,
    Spending,
)
from app.util.breaker import BreakerLimits
from app.util.errors import OperatorError
from app.util.setting_values import (
    Read,
    address,
    choice,
    contact,
    currency,
    demand,
    feed,
    folder,
    header,
    number,
    origin,
    printable,
    secret,
    secrets,
    server,
    store,
    whole,
)

_APP = Path(__file__).resolve().parent
_BUNDLED = _APP / "bundled"
_INSTALLED = _BUNDLED.is_dir()

ROOT = _BUNDLED if _INSTALLED else _APP.parent
"""Our own components, prompts, styles, migrations and demo shop: inside or beside `app/`."""

_OURS = "WANDSTORE_"


class SettingsError(OperatorError):
    """An environment variable has a value that cannot be used; the message names it."""


class ProviderSettings(NamedTuple):
    """How to reach one model, and the options in which compatible servers differ."""

    base_url: str
    """The provider's address: Kimi's without `/chat/completions`, Claude's with `/v1` or not."""
    model: str
    """The provider's model."""
    key: str = ""
    """Turns the provider on."""
    thinking: str = "disabled"
    """Sent as `thinking`: `disabled`, Kimi's `enabled`, Claude's `adaptive`; `unset` sends none."""
    max_tokens_name: str = "max_completion_tokens"
    """What the limit of tokens is called: `max_completion_tokens` or `max_tokens`."""
    temperature: float | None = None
    """A number from 0 to 2; nothing is sent without one."""
    response_format: str = "json_object"
    """`json_schema` holds the model to the components' schema, Kimi's `json_object` to any JSON."""

    def __repr__(self) -> str:
        return object.__repr__(self)  # there are secrets in it


class StorageSettings(NamedTuple):
    """Where KV and database are."""

    where: str = "sqlite"
    """Where state lives: `sqlite` files, Redis and PostgreSQL for a `cluster` of processes, the
    `worker`'s bindings, or `cloudflare`'s REST API."""
    redis_url: str = ""
    """`cluster`: Redis 7 or Valkey, as `redis://user:password@host:6379/0`; `rediss://` is TLS."""
    database_url: str = ""
    """`cluster`: PostgreSQL 15 or later, as `postgresql://user:password@host:5432/wandstore`."""
    lease: float = 5.0
    """`cluster`: seconds without a sign of life after which another process goes on with a page."""
    kv_url: str = "http://kv.internal"
    """`worker`: KV's address inside the container's network."""
    d1_url: str = "http://d1.internal"
    """`worker`: D1's."""
    edge_url: str = "http://edge.internal"
    """`worker`: that of the budget, and of what the Worker serves by itself."""
    bindings_token: str = ""
    """`worker`: sent with all, where they are reached over another network."""
    api_url: str = "https://api.cloudflare.com/client/v4"
    """`cloudflare`: the API's address."""
    api_token: str = ""
    """`cloudflare`: may read and write KV and D1."""
    account: str = ""
    """`cloudflare`: the account."""
    namespace: str = ""
    """`cloudflare`: its KV namespace."""
    database: str = ""
    """`cloudflare`: its database."""
    retry_pause: float = 1.0
    """Seconds before a pair that KV did not take is written again; then twice as many."""
    patience: float | None = None
    """Seconds a page waits for what is stored, and then goes without: 0.1 with `sqlite`, 0.25
    with `cluster`, whose engines have as long for any call where it is more than usual, else 2."""
    kv_bytes: int = 1024**3
    """`sqlite`: bytes of the values that KV keeps; beyond it those nearest their end go."""
    shopper_days: float = 180
    """Days after which what shoppers did is forgotten, and who was not seen again for as long."""
    record_days: float = 30
    """Days for which it stays recorded which pages were composed."""

    def __repr__(self) -> str:
        return object.__repr__(self)  # there are secrets in it


class ShopifySettings(NamedTuple):
    """Which Shopify store is sold from, and how it lets us in."""

    store: str = ""
    """The store whose products are sold, as `corner.myshopify.com`."""
    client_id: str = ""
    """Names the app that may read its products, and gets its tokens with the secret."""
    secret: str = ""
    """The app's client secret: signs webhooks. Without it none is taken."""
    token: str = ""
    """In place of the client id: the token of an app that was made in the store's admin."""
    reconcile: float = 86_400.0
    """Seconds between two readings of all that the store has, whatever webhooks have said."""

    def __repr__(self) -> str:
        return object.__repr__(self)  # there are secrets in it


class Settings(NamedTuple):
    """Everything that can be set from outside. docs/settings.md says what is said here of each."""

    host: str = "127.0.0.1"
    """Address to listen on (`0.0.0.0` in the image)."""
    port: int = 8080
    """Port to listen on; with 0 the system chooses one, and the log says which."""
    data: Path = Path("~/.local/state/wandstore").expanduser() if _INSTALLED else ROOT / "data"
    """Folder of the databases and the generated secret (`/data` in the image,
    `~/.local/state/wandstore` where installed as a package)."""
    catalog: Path = ROOT / "demo" / "catalog.json"
    """A JSON, Shopify or Google Merchant catalog, or a folder of them."""
    catalog_url: str = ""
    """The https address of a feed: fetched when it has changed and sold from instead, while
    `WANDSTORE_CATALOG` may name a file that says whose shop it is."""
    catalog_url_poll: float = 300.0
    """Seconds between two requests whether the feed has changed."""
    shopify: ShopifySettings = ShopifySettings()
    catalog_poll: float = 0.5
    """Seconds between two looks whether the catalog's files or `experiments.toml` have changed;
    with 0 nobody looks."""
    currency: str = "USD"
    """Currency (three capital letters) of catalogs that name none."""
    public_url: str = ""
    """Where shoppers find the shop, as `https://shop.example`: for canonical links, link previews
    and sitemaps. Publish for the Worker with the same."""
    security_contact: str = ""
    """Whom `/.well-known/security.txt` names: a `mailto:` or `https:` address."""
    design: bool = False
    """`1` opens the workbench at `/design` and the page traces, as `make run` does unless told."""
    personal: bool = True
    """`0` has no page regard what its own shopper viewed, put in the basket and bought. Else those
    of shoppers of whom enough is known do: models read it, and such a page is a call of its own."""
    sample_insights: bool = False
    """`1` shows a simulated month on the demo shop's `/insights` until there is an experiment, and
    says so, as `make run` does unless told."""
    root: Path = ROOT
    """Folder that holds `components/`, `prompts/` and `static/`."""
    house_pace: float = 1.0
    """How slowly the house model writes where it is alone: 0 is at once, 2 is half as fast."""
    deadlines: Deadlines = Deadlines()
    spending: Spending = Spending()
    calls: CallLimits = CallLimits()
    parsing: ParseLimits = ParseLimits()
    breaker: BreakerLimits = BreakerLimits()
    connections: ConnectionLimits = ConnectionLimits()
    max_request_bytes: int = 2 * 1024 * 1024
    """The largest request that `POST /generate` accepts."""
    max_concurrent_pages: int = 100
    """Pages composed at the same time."""
    max_queued_pages: int = 400
    """Pages that may wait for a place; beyond it the fallback page is served as it is."""
    max_pages_per_address: int = 25
    """Pages composed or waiting for a client address (IPv6: /64), in all processes of a cluster;
    beyond it likewise."""
    max_lag: float = 0.5
    """Seconds by which the event loop is late, again and again, from which on it is likewise."""
    page_memory: float = 60.0
    """Seconds a finished page is served from memory before KV is asked for it again."""
    heartbeat: float = 15.0
    """Seconds of silence after which a stream says that it lives; browsers reconnect after 40."""
    shutdown_grace: float = 12.0
    """Seconds that pages get to finish on SIGTERM."""
    session_secret: str = ""
    """Signs the shoppers' cookies; at least 16 bytes, generated in the data folder if not set."""
    earlier_secrets: tuple[str, ...] = ()
    """Secrets that cookies may still be signed with, separated by commas, or a JSON list of them:
    each shopper who returns with one gets a cookie of `SESSION_SECRET`."""
    worker_secret: str = ""
    """Lets in nobody who does not know it; at least 16 bytes."""
    operator_token: str = ""
    """Lets operators see `/status`, `/metrics`, `/insights` from elsewhere; at least 16 bytes."""
    collector: str = ""
    """Where OpenTelemetry's spans go, over HTTP, as `http://collector:4318`; none are made where it
    is not set. The SDK's other `OTEL_` variables hold as well."""
    storage: StorageSettings = StorageSettings()
    kimi: ProviderSettings = ProviderSettings("https://api.moonshot.ai/v1", "kimi-k2.6")
    claude: ProviderSettings = ProviderSettings(
        "https://api.anthropic.com", "claude-haiku-5-5", response_format="unset"
    )

    def __repr__(self) -> str:
        return object.__repr__(self)  # there are secrets in it


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read every variable that is set and not empty.

    Raises:
        SettingsError: a value cannot be used, or one is missing; the message names the variable.
    """
    settings = Settings()
    given = {name: text.strip() for name, text in environment.items() if text.strip()}
    for name, (path, read) in VARIABLES.items():
        if name in given:
            try:
                settings = _with(settings, path, read(given[name]))
            except ValueError as error:
                raise SettingsError(f"{name} must {demand(error)}") from None
    for name in _NEEDED.get(settings.storage.where, ()):
        if name not in given:
            raise SettingsError(f"{name} must be set, since WANDSTORE_STATE is not sqlite")
    if settings.shopify.store:
        _check_shopify(settings)
    return settings


def _check_shopify(settings: Settings) -> None:
    account = settings.shopify
    if not account.token and not (account.client_id and account.secret):
        raise SettingsError(
            "WANDSTORE_SHOPIFY_CLIENT_ID and WANDSTORE_SHOPIFY_SECRET must be set, or"
            " WANDSTORE_SHOPIFY_TOKEN, since WANDSTORE_SHOPIFY_STORE is"
        )
    if settings.catalog_url:
        raise SettingsError("WANDSTORE_CATALOG_URL must not be set beside WANDSTORE_SHOPIFY_STORE")


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that look like ours and are none: misspelt, or of another version."""
    names = sorted(environment)
    return [name for name in names if name.startswith(_OURS) and name not in VARIABLES]


def unclear_settings(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that turn something on or off, and say neither 1 nor 0."""
    usual = Settings()
    return [
        name
        for name, (path, _) in VARIABLES.items()
        if isinstance(attrgetter(path)(usual), bool)
        and environment.get(name, "").strip() not in ("", "0", "1")
    ]


def _with(values: Any, path: str, value: object) -> Any:
    """Return the values with one of them changed, at a dotted path."""
    name, _, inner = path.partition(".")
    return values._replace(**{name: _with(getattr(values, name), inner, value) if inner else value})


_seconds = number(0.01, 3600)

VARIABLES: dict[str, tuple[str, Read]] = {
    "WANDSTORE_HOST": ("host", printable),
    "WANDSTORE_PORT": ("port", whole(0, 65535)),
    "WANDSTORE_DATA": ("data", Path),
    "WANDSTORE_CATALOG": ("catalog", Path),
    "WANDSTORE_CATALOG_URL": ("catalog_url", feed),
    "WANDSTORE_CATALOG_URL_SECONDS": ("catalog_url_poll", number(0.01, 86_400)),
    "WANDSTORE_SHOPIFY_STORE": ("shopify.store", store),
    "WANDSTORE_SHOPIFY_CLIENT_ID": ("shopify.client_id", printable),
    "WANDSTORE_SHOPIFY_SECRET": ("shopify.secret", printable),
    "WANDSTORE_SHOPIFY_TOKEN": ("shopify.token", header),
    "WANDSTORE_SHOPIFY_SECONDS": ("shopify.reconcile", number(0.01, 7 * 86_400)),
    "WANDSTORE_CATALOG_SECONDS": ("catalog_poll", number(0, 3600)),
    "WANDSTORE_CURRENCY": ("currency", currency),
    "WANDSTORE_PUBLIC_URL": ("public_url", origin),
    "WANDSTORE_SECURITY_CONTACT": ("security_contact", contact),
    "WANDSTORE_DESIGN": ("design", lambda text: text == "1"),
    "WANDSTORE_PERSONAL": ("personal", lambda text: text != "0"),
    "WANDSTORE_SAMPLE_INSIGHTS": ("sample_insights", lambda text: text == "1"),
    "WANDSTORE_ROOT": ("root", folder),
    "WANDSTORE_HOUSE_PACE": ("house_pace", number(0, 100)),
    "WANDSTORE_MODELS_SECONDS": ("deadlines.models", _seconds),
    "WANDSTORE_SLOT_SECONDS": ("deadlines.slot", _seconds),
    "WANDSTORE_PAGE_SECONDS": ("deadlines.page", _seconds),
    "WANDSTORE_CALLS_PER_HOUR": ("spending.calls", whole(0)),
    "WANDSTORE_TOKENS_PER_HOUR": ("spending.tokens", whole(0)),
    "WANDSTORE_NEW_CALLS_PER_HOUR": ("spending.new_calls", whole(0)),
    "WANDSTORE_ADDRESS_CALLS_PER_HOUR": ("spending.address_calls", whole(0)),
    "WANDSTORE_ALL_CALLS_PER_HOUR": ("spending.all_calls", whole(0)),
    "WANDSTORE_ALL_TOKENS_PER_HOUR": ("spending.all_tokens", whole(0)),
    "WANDSTORE_INSTANCES": ("spending.instances", whole(1, 1_000)),
    "WANDSTORE_CONNECT_SECONDS": ("calls.connect", _seconds),
    "WANDSTORE_FIRST_TOKEN_SECONDS": ("calls.first_token", _seconds),
    "WANDSTORE_SILENCE_SECONDS": ("calls.idle", _seconds),
    "WANDSTORE_ANSWER_SECONDS": ("calls.total", _seconds),
    "WANDSTORE_RETRY_SECONDS": ("calls.retry_pause", _seconds),
    "WANDSTORE_ANSWER_TOKENS": ("calls.max_tokens", whole(1, 100_000)),
    "WANDSTORE_ANSWER_CHARS": ("parsing.answer", whole(1, 16_000_000)),
    "WANDSTORE_COMPONENT_CHARS": ("parsing.component", whole(1, 1_000_000)),
    "WANDSTORE_COMPONENTS": ("parsing.components", whole(1, 1_000)),
    "WANDSTORE_NESTING": ("parsing.depth", whole(1, 100)),
    "WANDSTORE_BREAKER_FAILURES": ("breaker.failures", whole()),
    "WANDSTORE_BREAKER_SECONDS": ("breaker.cooldown", _seconds),
    "WANDSTORE_BREAKER_SUCCESSES": ("breaker.successes", whole()),
    "WANDSTORE_CONNECTIONS": ("connections.most", whole(1, 1_000_000)),
    "WANDSTORE_HEAD_SECONDS": ("connections.head", _seconds),
    "WANDSTORE_STALL_SECONDS": ("connections.stall", _seconds),
    "WANDSTORE_REQUEST_BYTES": ("max_request_bytes", whole(1, 64 * 1024**2)),
    "WANDSTORE_PAGES_AT_ONCE": ("max_concurrent_pages", whole(1, 10_000)),
    "WANDSTORE_PAGES_WAITING": ("max_queued_pages", whole(0, 10_000)),
    "WANDSTORE_PAGES_PER_ADDRESS": ("max_pages_per_address", whole(1, 10_000)),
    "WANDSTORE_LAG_SECONDS": ("max_lag", _seconds),
    "WANDSTORE_PAGE_MEMORY_SECONDS": ("page_memory", number(0, 3600)),
    "WANDSTORE_HEARTBEAT_SECONDS": ("heartbeat", number(0.01, 30)),
    "WANDSTORE_GRACE": ("shutdown_grace", number(0, 600)),
    "OTEL_EXPORTER_OTLP_ENDPOINT": ("collector", address),
    "SESSION_SECRET": ("session_secret", secret),
    "SESSION_SECRETS_BEFORE": ("earlier_secrets", secrets),
    "WORKER_SECRET": ("worker_secret", secret),
    "WANDSTORE_OPERATOR_TOKEN": ("operator_token", secret),
    "WANDSTORE_STATE": ("storage.where", choice("sqlite", "cluster", "worker", "cloudflare")),
    "REDIS_URL": ("storage.redis_url", server("redis", "rediss", "unix")),
    "DATABASE_URL": ("storage.database_url", server("postgresql", "postgres")),
    "WANDSTORE_LEASE_SECONDS": ("storage.lease", number(0.1, MAX_LEASE)),
    "WANDSTORE_KV_URL": ("storage.kv_url", address),
    "WANDSTORE_D1_URL": ("storage.d1_url", address),
    "WANDSTORE_EDGE_URL": ("storage.edge_url", address),
    "WANDSTORE_BINDINGS_TOKEN": ("storage.bindings_token", header),
    "CLOUDFLARE_API_TOKEN": ("storage.api_token", header),
    "CLOUDFLARE_ACCOUNT_ID": ("storage.account", printable),
    "KV_NAMESPACE_ID": ("storage.namespace", printable),
    "D1_DATABASE_ID": ("storage.database", printable),
    "CLOUDFLARE_API_URL": ("storage.api_url", address),
    "WANDSTORE_KV_RETRY_SECONDS": ("storage.retry_pause", _seconds),
    "WANDSTORE_STORAGE_SECONDS": ("storage.patience", number(0.001, 30)),
    "WANDSTORE_KV_BYTES": ("storage.kv_bytes", whole(1, 1024**4)),
    "WANDSTORE_SHOPPER_DAYS": ("storage.shopper_days", number(0.01, 36_500)),
    "WANDSTORE_RECORD_DAYS": ("storage.record_days", number(0.01, 36_500)),
    "KIMI_API_KEY": ("kimi.key", header),
    "KIMI_BASE_URL": ("kimi.base_url", address),
    "KIMI_MODEL": ("kimi.model", printable),
    "KIMI_THINKING": ("kimi.thinking", choice("disabled", "enabled", "unset")),
    "KIMI_MAX_TOKENS_NAME": (
        "kimi.max_tokens_name",
        choice("max_completion_tokens", "max_tokens"),
    ),
    "KIMI_TEMPERATURE": ("kimi.temperature", number(0, 2)),
    "KIMI_JSON_MODE": ("kimi.response_format", choice("json_object", "json_schema", "unset")),
    "CLAUDE_API_KEY": ("claude.key", header),
    "CLAUDE_BASE_URL": ("claude.base_url", address),
    "CLAUDE_MODEL": ("claude.model", printable),
    "CLAUDE_THINKING": ("claude.thinking", choice("disabled", "adaptive", "unset")),
    "CLAUDE_JSON_MODE": ("claude.response_format", choice("json_schema", "unset")),
}
"""Of each variable the field of Settings that it sets, dotted where it is inside, and how."""

_NEEDED = {
    "cluster": ("SESSION_SECRET", "REDIS_URL", "DATABASE_URL"),
    "worker": ("SESSION_SECRET",),  # one that is generated would be lost with the disk
    "cloudflare": (
        "SESSION_SECRET",
        "CLOUDFLARE_API_TOKEN",
        "CLOUDFLARE_ACCOUNT_ID",
        "KV_NAMESPACE_ID",
        "D1_DATABASE_ID",
    ),
}
