"""The streaming HTTP client that both providers share, with its limits in time and size."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import anyio
import httpx
from pydantic_core import from_json

from app.domain.limits import CallLimits
from app.domain.llm import (
    ModelEnded,
    ModelEvent,
    ModelFailed,
    ModelGap,
    ModelNotice,
    ModelText,
    Prompt,
    TokensUsed,
)
from app.generation.parser.parser import ProposalParser
from app.generation.schema import SHAPE
from app.generation.trace import CUT_SHORT, REFUSED
from app.llm.failures import failure_of_error, failure_of_status, translated
from app.llm.sse import EventReader, ServerEvent, StreamBroken
from app.llm.surrogates import SurrogateJoiner
from app.settings import ProviderSettings
from app.storage.http import retry_after

_HEADERS = {"accept": "text/event-stream", "accept-encoding": "identity"}
_SPOKEN = ("text", "text_delta", "output_text", "input_json_delta")
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"\s+")
_REASON = re.compile(r"[A-Za-z_-]{1,40}")

_BYTES_A_TOKEN = 2048
_MOST_BYTES_BESIDE = 64 * 1024
_EVENTS_AT_ONCE = 256
_MOST_VALUES = 8192
"""Chunks of an answer that come as one event: as many as it may have tokens, and then some."""

_LONGEST_PAUSE = 0.25
"""Seconds that a component is late at most which is much shorter than any of its kind before."""

_CAUTION = 0.8
"""The share of a pause that is taken: the rest is for an answer that comes faster than it did."""

_HELD_UP = 0.9
"""An answer below this share of its fastest pace so far is held up on its way."""

_SETTLED = 0.3
"""Seconds until the pace of an answer tells something."""

_LAST_WORDS = 1.0
"""Seconds for what may follow the reason for the end: the usage, and the mark of the end."""

_MOST_TOKENS = 10_000_000
"""Beyond what any call can take: who reports more would spend the budget of the hour at once."""

_FAILED = re.compile(r"abort|cancel|error|fail|insufficient|overload|timed?_?out|unavailable")
"""Reasons that providers and gateways give where an answer did not end but broke off."""


@dataclass(slots=True)
class StreamState:
    """What has been understood of an answer so far."""

    reason: str = ""
    in_deltas: bool = False
    refused: bool = False
    tokens: TokensUsed = field(default_factory=TokensUsed)
    ended: bool = False
    failure: ModelFailed | None = None
    due: float = 0.0
    began: float = 0.0
    said: int = 0
    pace: float = 0.0
    texts: list[str] = field(default_factory=list)
    joiner: SurrogateJoiner = field(default_factory=SurrogateJoiner)

    def say(self, texts: Iterable[str]) -> tuple[ModelText, ...]:
        """Return these texts as what is said next, which may be nothing yet."""
        text = self.joiner.feed("".join(texts))
        if not text:
            return ()
        self.texts.append(text)
        self.said += len(text)
        return (ModelText(text),)


class ProviderApi(Protocol):
    """One provider's protocol: how it is asked and how its events read."""

    model: str

    def request(self, prompt: Prompt, max_tokens: int) -> tuple[str, Mapping[str, str], object]:
        """Return address, headers and JSON body."""

    def read(self, event: Mapping[str, Any], answer: StreamState) -> str:
        """Return the text in an event, noting in `answer` what else it says.

        Raises:
            ModelFailed: the event is an error.
        """


class ChatClient:
    """A model behind HTTP, one call at a time."""

    def __init__(
        self,
        api: ProviderApi,
        http: Callable[[], httpx.AsyncClient],
        limits: CallLimits = CallLimits(),
    ) -> None:
        self._api = api
        self._http = http
        self._limits = limits

    @property
    def name(self) -> str:
        """The model's name, as the kept page's meta states it."""
        return self._api.model

    async def compose(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Yield the answer's text as it comes, then how it ended.

        Raises:
            ModelFailed: there is no answer, or it broke off.
        """
        clock = asyncio.get_running_loop().time
        end = clock() + self._limits.total
        answer = StreamState(due=min(end, clock() + self._limits.first_token))
        reader = EventReader()
        try:
            async with aclosing(self._bytes(prompt, answer)) as pieces:
                while (piece := await _next(pieces, answer)) is not None:
                    events = reader.feed(piece) if piece else reader.close()
                    for event in self._understood(events, answer):
                        if event is None:
                            await asyncio.sleep(0)
                            continue
                        yield event
                        if isinstance(event, ModelText) and not event.text.isspace():
                            answer.began = answer.began or clock()
                            answer.due = min(end, clock() + self._limits.idle)
                    if answer.reason:
                        answer.due = min(answer.due, clock() + _LAST_WORDS)
                    if not piece or answer.ended or answer.failure:
                        break
            answer.joiner.close()
            for _ in range(answer.joiner.dropped):
                yield ModelNotice("repaired", "LONE_SURROGATE")
            yield _judged(answer)
        except (ModelFailed, httpx.HTTPError, StreamBroken, TimeoutError) as error:
            failure = translated(error)
            failure.tokens = answer.tokens
            raise failure from error

    def _understood(
        self, events: Iterable[ServerEvent], answer: StreamState
    ) -> Iterator[ModelEvent | None]:
        """Yield the text of these events, and where it has gaps, until the answer is over.

        None says that others on the event loop should have their turn.
        """
        texts: list[str] = []
        for number, (data, name) in enumerate(events, 1):
            try:
                if name == b"error":
                    raise failure_of_error(_error_in(data))
                if data == b"[DONE]":
                    answer.ended = True
                    break
                text = "".join([self._api.read(event, answer) for event in _values(data)])
                if text:
                    texts.append(text)
                elif answer.ended:
                    break
            except ModelFailed as failure:
                answer.failure = failure
                break
            except (ValueError, TypeError, AttributeError, KeyError, OverflowError):
                yield from answer.say(texts)
                texts.clear()
                answer.joiner.close()
                yield ModelGap()
            if not number % _EVENTS_AT_ONCE:
                yield None
        yield from answer.say(texts)

    async def _bytes(self, prompt: Prompt, answer: StreamState) -> AsyncGenerator[bytes, None]:
        clock = asyncio.get_running_loop().time
        address, headers, body = self._api.request(prompt, self._limits.max_tokens)
        traced = {"traceparent": prompt.traceparent} if prompt.traceparent else {}
        http = self._http()
        request = http.build_request(
            "POST",
            address,
            headers={**_HEADERS, **headers, **traced},
            json=body,
            timeout=httpx.Timeout(None, connect=self._limits.connect),
            extensions={"pause": lambda: pause_for(prompt, answer, clock())},
        )
        async with asyncio.timeout_at(answer.due):
            response = await http.send(request, stream=True)
        try:
            if response.status_code != httpx.codes.OK:
                after = retry_after(response.headers.get("retry-after", ""))
                raise failure_of_status(response.status_code, after)
            if response.headers.get("content-encoding", "").lower() not in ("", "identity"):
                raise ModelFailed("MODEL_UNAVAILABLE", "a packed answer", retryable=False)
            stream = cast(
                "AsyncGenerator[bytes, None]", aiter(cast("httpx.AsyncByteStream", response.stream))
            )
            async with aclosing(stream) as pieces:
                most = _MOST_BYTES_BESIDE + self._limits.max_tokens * _BYTES_A_TOKEN
                while most >= 0:
                    async with asyncio.timeout_at(answer.due):
                        piece = await anext(pieces, b"")
                    if not piece:
                        return
                    most -= len(piece)
                    yield piece
                raise StreamBroken("more bytes than its tokens could fill")
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()


def request_of(
    prompt: Prompt, provider: ProviderSettings
) -> tuple[str, Mapping[str, object] | None]:
    """Return what is asked for, and the schema to hold the model to, if the provider is set so."""
    if provider.response_format != "json_schema" or prompt.schema is None:
        return prompt.request, None
    return f"{prompt.request}\n\n{SHAPE}", prompt.schema()


def text_of(content: object) -> str:
    """Return the text of a message's content: itself, or its parts' that are no thoughts."""
    if isinstance(content, list):
        return "".join(part if isinstance(part, str) else text_of_part(part) for part in content)
    if isinstance(content, dict) and content.keys() & {"type", "text"}:
        return text_of_part(content)
    return written(content)


def written(value: object) -> str:
    """Return a text, or what a gateway has read of it already: JSON mode may give it an object."""
    if isinstance(value, dict) and value:
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else ""


def reason_of(value: object) -> str:
    """Return why an answer ended, empty where it has not: some servers write a word for that."""
    reason = str(value or "").lower()
    return "" if reason in ("none", "null") else reason


def count_of(value: object) -> int:
    """Return a number of tokens as a provider writes it; one that cannot be is none."""
    try:
        number = float(value or 0)  # type: ignore[arg-type]  # anything may stand there
    except (TypeError, ValueError, OverflowError):
        return 0
    return int(number) if 0 <= number <= _MOST_TOKENS else 0


def text_of_part(part: object) -> str:
    """Return what a typed part says, empty where it is of another type than text.

    What a tool is called with is JSON as well, where a gateway makes JSON mode of one.
    """
    if isinstance(part, dict) and part.get("type") == "tool_use":
        return written(part.get("input"))
    if not isinstance(part, dict) or part.get("type", "text") not in _SPOKEN:
        return ""
    text = part.get("text", part.get("partial_json"))
    return text if isinstance(text, str) else ""


def _values(data: bytes) -> Sequence[Any]:
    """Return the JSON of an event: of several in one line all, and what a list of them has.

    Its text may have been cut through a character. A word, as `ping` or `keep-alive`, is none, but
    says only that the server is there.

    Raises:
        ValueError: it is none.
    """
    if not data or data.replace(b"-", b"").isalpha():
        return ()
    try:
        value = from_json(data)
    except ValueError:
        value = _several(data.decode("utf-8", "surrogatepass"))
    if not isinstance(value, list):
        return (value,)
    if len(value) > _MOST_VALUES:
        raise ValueError("too many")
    return value


def _several(text: str) -> Any:
    """Return the values in a text, one alone as it is.

    Raises:
        ValueError: there is something else in it.
    """
    values: list[Any] = []
    at = 0
    try:
        while at < len(text) and len(values) <= _MOST_VALUES:
            value, at = _DECODER.raw_decode(text, at)
            values.append(value)
            if space := _SPACE.match(text, at):
                at = space.end()
    except RecursionError:
        raise ValueError("too deep") from None
    return values[0] if len(values) == 1 else values


def _error_in(data: bytes) -> object:
    """Return the error that an event of that name holds, if it can be read."""
    try:
        return next(iter(_values(data)), None)
    except ValueError:
        return None


def pause_for(prompt: Prompt, answer: StreamState, now: float) -> float:
    """Return for how many seconds nothing of use will come, at the pace of the answer so far.

    One that was held up on its way makes up for it in one go, so nothing is expected of it until it
    has.
    """
    ahead, elapsed = prompt.useful_from() - answer.said, now - answer.began
    if ahead <= 0 or not answer.said or elapsed < _SETTLED:
        return 0.0
    pace = (answer.said - len(answer.texts[0])) / elapsed
    answer.pace = max(answer.pace, pace)
    if pace <= _HELD_UP * answer.pace:
        return 0.0
    return min(_CAUTION * ahead / pace, _LONGEST_PAUSE)


async def _next(pieces: AsyncGenerator[bytes, None], answer: StreamState) -> bytes | None:
    """Return the next bytes, empty at the proper end; None for a cut after the last word."""
    try:
        return await anext(pieces, b"")
    except (httpx.HTTPError, TimeoutError):
        if answer.reason:
            return None
        raise


def _judged(answer: StreamState) -> ModelEnded:
    """Return how an answer ended, or raise what it ended with.

    Where no reason was given for the end, whole JSON says that it was a proper one.
    """
    if answer.failure:
        raise answer.failure
    reason = "refusal" if answer.refused else answer.reason
    if reason and not _REASON.fullmatch(reason):
        reason = "unknown"
    if _FAILED.search(reason):
        raise _broken("the provider broke it off")
    if not answer.texts and reason not in REFUSED:
        raise _broken("an answer without text", retryable=reason not in CUT_SHORT)
    if not reason and not _is_whole("".join(answer.texts)):
        raise _broken("the answer broke off")
    return ModelEnded(reason or "stop", answer.tokens)


def _broken(reason: str, *, retryable: bool = True) -> ModelFailed:
    return ModelFailed("MODEL_UNAVAILABLE", reason, retryable=retryable)


def _is_whole(text: str) -> bool:
    parser = ProposalParser()
    for _ in parser.feed(text):
        pass
    return not parser.inside
