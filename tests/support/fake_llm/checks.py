"""What a real provider would refuse in a request, said in its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .scenario import Protocol

_FIXED_BY_KIMI = ("temperature", "top_p", "n", "presence_penalty", "frequency_penalty")


_NOT_STRICT = {
    "default", "format", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum",
    "names", "oneOf", "pattern", "title",
}  # fmt: skip


def refusal(protocol: Protocol, headers: Mapping[str, str], body: object) -> tuple[int, str] | None:
    """Return the status and message a request is refused with, None where it is well formed.

    `body` is the parsed JSON, None where it could not be parsed.
    """
    find = _openai if protocol == "openai" else _anthropic
    return next(find(headers, body), None)


def _openai(headers: Mapping[str, str], body: object) -> Iterator[tuple[int, str]]:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not key.strip():
        yield 401, "Invalid Authentication"
    for problem in _common(headers, body, ("system", "user", "assistant", "tool")):
        yield 400, problem
    if isinstance(body, dict):
        for problem in _openai_options(body):
            yield 400, problem


def _openai_options(body: Mapping[str, Any]) -> Iterator[str]:
    options = body.get("stream_options")
    if options is not None and not (
        isinstance(options, dict) and isinstance(options.get("include_usage"), bool)
    ):
        yield "stream_options: include_usage must be a boolean"
    form = body.get("response_format")
    if form is not None and not (
        isinstance(form, dict) and form.get("type") in ("text", "json_object", "json_schema")
    ):
        yield "response_format: unknown type"
    elif isinstance(form, dict) and form["type"] == "json_schema":
        named = form.get("json_schema")
        if not isinstance(named, dict) or not named.get("name") or named.get("strict") is not True:
            yield "response_format: json_schema needs a name and strict: true"
        else:
            yield from _strictness(named.get("schema"), "response_format")
    for name in ("max_tokens", "max_completion_tokens"):
        if name in body and not _is_count(body[name]):
            yield f"{name}: must be a positive integer"
    if str(body.get("model")).startswith("kimi"):
        yield from _kimi_options(body)


def _kimi_options(body: Mapping[str, Any]) -> Iterator[str]:
    for name in _FIXED_BY_KIMI:
        if name in body:
            yield f"invalid {name}: it is fixed for this model and must be omitted"
    if "max_completion_tokens" not in body:
        yield "max_completion_tokens is required; max_tokens is deprecated"
    thinking = body.get("thinking")
    if thinking is not None and (
        not isinstance(thinking, dict) or thinking.get("type") not in ("enabled", "disabled")
    ):
        yield "thinking: type must be enabled or disabled"


def _anthropic(headers: Mapping[str, str], body: object) -> Iterator[tuple[int, str]]:
    if not headers.get("x-api-key"):
        yield 401, "x-api-key header is required"
    if not headers.get("anthropic-version"):
        yield 400, "anthropic-version: header is required"
    for problem in _common(headers, body, ("user", "assistant")):
        yield 400, problem
    if isinstance(body, dict):
        for problem in _anthropic_options(body):
            yield 400, problem


def _anthropic_options(body: Mapping[str, Any]) -> Iterator[str]:
    if not _is_count(body.get("max_tokens")):
        yield "max_tokens: a positive integer is required"
    if body["messages"][0]["role"] != "user":
        yield "messages: first message must use the user role"
    if "system" in body and not _is_content(body["system"]):
        yield "system: text or a list of blocks is required"
    temperature = body.get("temperature", 1)
    if not isinstance(temperature, int | float) or not 0 <= temperature <= 1:
        yield "temperature: range is 0 to 1"
    form = (body.get("output_config") or {}).get("format")
    if form is not None:
        yield from _strictness(form.get("schema"), "output_config.format")
    if "-5-" in str(body.get("model")) or str(body.get("model")).endswith("-5"):
        yield from _haiku_options(body)


def _haiku_options(body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("temperature", "top_p", "top_k"):
        if name in body:
            yield f"{name}: only its default is supported by this model"
    thinking = body.get("thinking")
    if thinking is not None and thinking not in ({"type": "disabled"}, {"type": "adaptive"}):
        yield "thinking: type must be disabled or adaptive, without a budget"


def _strictness(schema: object, where: str) -> Iterator[str]:
    """Yield what the strict modes of both providers would refuse in a schema."""
    if not isinstance(schema, dict):
        yield f"{where}: a schema is required"
        return
    for name in _NOT_STRICT & schema.keys():
        yield f"{where}: {name} is not supported"
    properties = schema.get("properties", {})
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            yield f"{where}: additionalProperties must be false"
        if sorted(schema.get("required", ())) != sorted(properties):
            yield f"{where}: every property must be required"
    inner = [*properties.values(), *schema.get("anyOf", ()), *schema.get("$defs", {}).values()]
    for part in [*inner, *([schema["items"]] if "items" in schema else [])]:
        yield from _strictness(part, where)


def _common(headers: Mapping[str, str], body: object, roles: tuple[str, ...]) -> Iterator[str]:
    if not headers.get("content-type", "").startswith("application/json"):
        yield "the content type must be application/json"
    if not isinstance(body, dict):
        yield "the body is not a JSON object"
        return
    if not isinstance(body.get("model"), str) or not body["model"]:
        yield "model: field required"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
    elif not all(_is_message(message, roles) for message in messages):
        yield "messages: each needs a known role and content"
    if body.get("stream") is not True:
        yield "stream: only streamed answers are played here"


def _is_message(message: object, roles: tuple[str, ...]) -> bool:
    if not isinstance(message, dict):
        return False
    return message.get("role") in roles and _is_content(message.get("content"))


def _is_content(content: object) -> bool:
    if isinstance(content, str):
        return bool(content)
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(block, dict) and "type" in block for block in content)
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
