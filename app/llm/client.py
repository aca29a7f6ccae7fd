"""What both providers share: a request that streams, its limits in time, errors in our words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

import anyio
import httpx
from pydantic_core import from_json

from app.domain.limits import CallLimits
from app.domain.llm import (
    ModelEnded,
    ModelEvent,
    ModelFailed,
    ModelText,
    Prompt,
    TokensUsed,
)
from app.llm.sse import SseLines, StreamBroken
from app.storage.retry_after import retry_after

RETRYABLE = frozenset({429, 500, 502, 503, 504})
_USUAL = CallLimits()


@dataclass(slots=True)
class StreamState:
    """What has been understood of an answer so far."""

    reason: str = ""
    tokens: TokensUsed = field(default_factory=TokensUsed)
    ended: bool = False
    failure: ModelFailed | None = None
    unreadable: int = 0
    due: float = 0.0


class ProviderApi(Protocol):
    """One provider's protocol: how it is asked and how its events read."""

    model: str

    def request(self, brief: Prompt, max_tokens: int) -> tuple[str, Mapping[str, str], object]:
        """Return address, headers and JSON body."""

    def read(self, event: Any, answer: StreamState) -> str:
        """Return the text in an event, noting in `answer` what else it says.

        Raises:
            ModelFailed: the event is an error.
        """


class ChatClient:
    """A model behind HTTP, one call at a time."""

    def __init__(
        self, wire: ProviderApi, http: Callable[[], httpx.AsyncClient], limits: CallLimits = _USUAL
    ) -> None:
        self._wire = wire
        self._http = http
        self._limits = limits

    @property
    def name(self) -> str:
        """The model's name, as the kept page's meta states it."""
        return self._wire.model

    async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Yield the answer's text as it comes, then how it ended.

        Raises:
            ModelFailed: there is no answer, or it broke off.
        """
        answer = StreamState()
        try:
            async with aclosing(self._events(brief, answer)) as events:
                async for event in events:
                    yield event
        except (ModelFailed, httpx.HTTPError, StreamBroken, TimeoutError) as error:
            failure = _translated(error)
            failure.tokens = answer.tokens
            raise failure from error

    async def _events(self, brief: Prompt, answer: StreamState) -> AsyncGenerator[ModelEvent, None]:
        clock = asyncio.get_running_loop().time
        end = clock() + self._limits.total
        answer.due = min(end, clock() + self._limits.first_token)
        lines = SseLines()
        spoken = False
        async with aclosing(self._bytes(brief, answer)) as pieces:
            while piece := await _next(pieces, answer):
                text = self._text(lines.feed(piece), answer)
                if text:
                    spoken = True
                    yield ModelText(text)
                    answer.due = min(end, clock() + self._limits.idle)
                if answer.ended or answer.failure:
                    break
        yield _judged(answer, spoken=spoken)

    def _text(self, lines: Iterable[bytes], answer: StreamState) -> str:
        """Return the text of these events; what came before an error is not lost with it."""
        texts = []
        for line in lines:
            if line == b"[DONE]":
                answer.ended = True
                break
            try:
                event = from_json(line)
                texts.append(self._wire.read(event, answer))
            except ModelFailed as failure:
                answer.failure = failure
                break
            except (ValueError, TypeError, AttributeError, KeyError, OverflowError):
                answer.unreadable += 1
        return "".join(texts)

    async def _bytes(self, brief: Prompt, answer: StreamState) -> AsyncGenerator[bytes, None]:
        address, headers, body = self._wire.request(brief, self._limits.max_tokens)
        http = self._http()
        timeout = httpx.Timeout(None, connect=self._limits.connect)
        request = http.build_request("POST", address, headers=headers, json=body, timeout=timeout)
        async with asyncio.timeout_at(answer.due):
            response = await http.send(request, stream=True)
        try:
            if response.status_code != httpx.codes.OK:
                raise _failure(response)
            async with aclosing(_generator(response.aiter_bytes())) as pieces:
                while True:
                    async with asyncio.timeout_at(answer.due):
                        piece = await anext(pieces, b"")
                    if not piece:
                        return
                    yield piece
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()


def _translated(error: Exception) -> ModelFailed:
    """Return a failure in our words; none of them repeats what was sent or received."""
    if isinstance(error, ModelFailed):
        return error
    if isinstance(error, httpx.TimeoutException):
        return ModelFailed("TIMEOUT", type(error).__name__, retryable=True)
    if isinstance(error, TimeoutError):
        return ModelFailed("TIMEOUT", "no text in time", retryable=True)
    return ModelFailed("MODEL_UNAVAILABLE", type(error).__name__, retryable=True)


async def _next(pieces: AsyncGenerator[bytes, None], answer: StreamState) -> bytes:
    """Return the next bytes, empty at the end; a cut after the model's last word is an end."""
    try:
        return await anext(pieces, b"")
    except (httpx.HTTPError, TimeoutError):
        if answer.reason:
            return b""
        raise


def _judged(answer: StreamState, *, spoken: bool) -> ModelEnded:
    """Return how an answer ended, or raise what it ended with."""
    if answer.failure:
        raise answer.failure
    if not spoken:
        raise ModelFailed("MODEL_UNAVAILABLE", "an answer without text", retryable=True)
    if not answer.reason and not answer.ended:
        raise ModelFailed("MODEL_UNAVAILABLE", "the answer broke off", retryable=True)
    return ModelEnded(answer.reason or "stop", answer.tokens, answer.unreadable)


async def _generator(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    async for piece in pieces:
        yield piece


def _failure(response: httpx.Response) -> ModelFailed:
    """Translate a status; the body is the provider's and may quote ours, so it is not repeated."""
    status = response.status_code
    code = "RATE_LIMITED" if status == httpx.codes.TOO_MANY_REQUESTS else "MODEL_UNAVAILABLE"
    after = retry_after(response.headers.get("retry-after", ""))
    return ModelFailed(code, f"HTTP {status}", retryable=status in RETRYABLE, retry_after=after)
