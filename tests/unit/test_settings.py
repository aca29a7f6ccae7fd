"""Settings: every field has its variable, and a value that cannot be used names it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import pytest

from app.settings import (
    VARIABLES,
    Settings,
    SettingsError,
    read_settings,
    unclear_settings,
    unknown_settings,
)
from tests.support.cases import each

OF_OPENAI_ALONE = {
    "claude.max_tokens_name",
    "claude.temperature",
}
PATHS = {name: path for name, (path, _) in VARIABLES.items()}


def usual(path: str) -> Any:
    """Return a field's default."""
    return attrgetter(path)(Settings())


NUMBERS = [name for name, path in PATHS.items() if type(usual(path)) in (int, float)]


def leaves(values: Any, path: str = "") -> Iterator[str]:
    """Yield the dotted path of everything that can be set."""
    if not hasattr(values, "_fields"):
        yield path
        return
    for name in values._fields:
        yield from leaves(getattr(values, name), f"{path}.{name}" if path else name)


def test_every_field_has_one_variable() -> None:
    assert len(set(PATHS.values())) == len(PATHS)
    assert set(PATHS.values()) == set(leaves(Settings())) - OF_OPENAI_ALONE


def test_without_variables_and_with_empty_ones_everything_is_as_usual() -> None:
    assert read_settings({}) == read_settings(dict.fromkeys(VARIABLES, " ")) == Settings()


def test_no_settings_show_their_secrets() -> None:
    usual: Any = Settings()
    for group in (usual, usual.shopify, usual.storage, usual.kimi):
        secret = group._replace(**dict.fromkeys(group._fields, "a-secret"))
        assert "a-secret" not in f"{secret} {secret!r}"


@each("name", VARIABLES)
def test_a_default_is_a_value_that_can_be_set(name: str) -> None:
    default = usual(PATHS[name])
    assert read_settings({name: "" if default in (None, ()) else str(default)}) == Settings()


@each("name", NUMBERS)
def test_a_variable_sets_its_own_field_and_no_other(name: str) -> None:
    settings = read_settings({name: "2"})
    changed = {path for path in leaves(settings) if attrgetter(path)(settings) != usual(path)}
    assert changed == {PATHS[name]}
    assert attrgetter(PATHS[name])(settings) == 2


@each(
    ("name", "text", "message"),
    [
        ("WANDSTORE_PORT", "eighty", "WANDSTORE_PORT must be a number, not 'eighty'"),
        ("WANDSTORE_PORT", "65536", "WANDSTORE_PORT must be from 0 to 65535, not 65536"),
        ("WANDSTORE_REQUEST_BYTES", "0", "must be from 1 to 67108864, not 0"),
        ("WANDSTORE_GRACE", "nan", "WANDSTORE_GRACE must be from 0 to 600, not nan"),
        ("WANDSTORE_ANSWER_SECONDS", "0", "must be from 0.01 to 3600, not 0"),
        ("WANDSTORE_PORT", "8080.9", "WANDSTORE_PORT must be a whole number, not 8080.9"),
        ("KIMI_TEMPERATURE", "2.5", "KIMI_TEMPERATURE must be from 0 to 2, not 2.5"),
        ("KIMI_THINKING", "yes", "must be one of disabled, enabled, unset, not 'yes'"),
        ("KIMI_BASE_URL", "https://", "KIMI_BASE_URL must be an http(s) address, not 'https://'"),
        ("CLAUDE_BASE_URL", "file:///etc", "CLAUDE_BASE_URL must be an http(s) address"),
        ("CLAUDE_BASE_URL", "http://host:65536", "CLAUDE_BASE_URL must be an http(s) address"),
        ("CLAUDE_BASE_URL", "http://api..host", "CLAUDE_BASE_URL must be an http(s) address"),
        ("CLAUDE_BASE_URL", "http://host/v1?key=1", "CLAUDE_BASE_URL must be an http(s) address"),
        ("CLAUDE_BASE_URL", "http://host/v1\nx: y", "CLAUDE_BASE_URL must be an http(s) address"),
        ("WANDSTORE_PUBLIC_URL", "https://a.example:99999", "must be a scheme and a host"),
        ("WANDSTORE_PUBLIC_URL", "https://...", "must be a scheme and a host"),
        ("WANDSTORE_CATALOG_URL", "https://[::1", "must be an https address"),
        ("KIMI_MODEL", "a\nb", "KIMI_MODEL must have no line break"),
        ("SESSION_SECRET", "\udcff" * 20, "SESSION_SECRET must be UTF-8"),
        ("WANDSTORE_CURRENCY", "€", "must be the three letters of a currency, as EUR, not '€'"),
        ("WANDSTORE_CURRENCY", "euro", "must be the three letters of a currency"),
        ("WANDSTORE_SHOPIFY_STORE", "corner.example", "must be a domain, as corner.myshopify.com"),
        ("WANDSTORE_SHOPIFY_STORE", "http://a.example", "must be a domain"),
        ("WANDSTORE_SHOPIFY_STORE", "a.myshopify.com", "must be set, or WANDSTORE_SHOPIFY_TOKEN"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_variable(name: str, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({name: text})
    assert message in str(raised.value)


@pytest.mark.parametrize("name", ["WORKER_SECRET", "SESSION_SECRET"])
def test_a_secret_that_is_too_short_is_not_repeated(name: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({name: "s3cret"})
    assert str(raised.value) == f"{name} must have at least 16 bytes"


@pytest.mark.parametrize(
    "name", ["KIMI_API_KEY", "CLAUDE_API_KEY", "CLOUDFLARE_API_TOKEN", "WANDSTORE_SHOPIFY_TOKEN"]
)
@each("key", ["sk-s3cret\nX-More: 1", "sk-s3cret\u00fc", "sk-s3cret\udcff"])
def test_a_key_that_no_header_can_carry_stops_the_start_and_is_not_repeated(
    name: str, key: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({name: key})
    assert str(raised.value) == f"{name} must be one line of ASCII"


@pytest.mark.parametrize(
    "name", ["KIMI_BASE_URL", "WANDSTORE_PUBLIC_URL", "WANDSTORE_SHOPIFY_STORE", "WANDSTORE_PORT"]
)
@each("password", ["s3cret", "s3/cret", "s3@cret"])
def test_a_password_in_an_address_is_not_repeated(name: str, password: str) -> None:
    with pytest.raises(SettingsError, match=name) as raised:
        read_settings({name: f"ftp://user:{password}@shop.example"})
    assert "cret" not in str(raised.value)


def test_earlier_secrets_may_have_commas_in_a_json_list() -> None:
    def read(text: str) -> tuple[str, ...]:
        return read_settings({"SESSION_SECRETS_BEFORE": text}).earlier_secrets

    assert read("one of some length, another of some length") == (
        "one of some length",
        "another of some length",
    )
    with_comma = ("one, of some length", '["another", of some length]')
    assert read(json.dumps(with_comma)) == with_comma
    for text in (
        "p,the rest of it, which is long",
        '["too short"]',
        '["cut off, but long',
        '["", 1]',
    ):
        with pytest.raises(SettingsError) as raised:
            read(text)
        assert str(raised.value) in (
            "SESSION_SECRETS_BEFORE must have at least 16 bytes",
            "SESSION_SECRETS_BEFORE must be secrets separated by commas, or a JSON list of them",
        )


def test_an_address_loses_its_last_slash() -> None:
    assert read_settings({"KIMI_BASE_URL": "http://host/v1/"}).kimi.base_url == "http://host/v1"


def test_a_variable_that_looks_like_ours_and_is_none_is_named() -> None:
    environment = {"WANDSTORE_CATALOGUE": "x", "WANDSTORE_CATALOG": "y", "HOME": "/"}
    assert unknown_settings(environment) == ["WANDSTORE_CATALOGUE"]


def test_a_switch_that_is_set_to_neither_0_nor_1_is_named() -> None:
    environment = {
        "WANDSTORE_DESIGN": "true",
        "WANDSTORE_PERSONAL": "off",
        "WANDSTORE_SAMPLE_INSIGHTS": " 1 ",
        "WANDSTORE_HOST": "true",
    }
    assert unclear_settings(environment) == ["WANDSTORE_DESIGN", "WANDSTORE_PERSONAL"]


def test_a_store_is_read_with_an_app_or_a_token_and_is_the_only_source() -> None:
    store = {"WANDSTORE_SHOPIFY_STORE": "corner.myshopify.com"}
    app = {"WANDSTORE_SHOPIFY_CLIENT_ID": "app", "WANDSTORE_SHOPIFY_SECRET": "secret"}
    for account in (app, {"WANDSTORE_SHOPIFY_TOKEN": "token"}):
        shopify = read_settings({**store, **account}).shopify
        assert shopify.store == "https://corner.myshopify.com"
    with pytest.raises(SettingsError, match="WANDSTORE_CATALOG_URL must not be set"):
        read_settings({**store, **app, "WANDSTORE_CATALOG_URL": "https://a.example/feed"})


def test_a_currency_may_be_in_small_letters() -> None:
    assert read_settings({"WANDSTORE_CURRENCY": " eur"}).currency == "EUR"
