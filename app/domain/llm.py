"""The prompt a model is given, and the events its answer consists of."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import NamedTuple, Protocol

from app.domain.catalog import Product, Shop
from app.domain.events import Lease
from app.domain.network import Client
from app.domain.persona import Persona


class Prompt(NamedTuple):
    """What the model is asked. `instructions` is the same for every page of a library.

    What is `optional` of the slots may be left out. `tokens` is our estimate of its size. Those of
    one `persona_hash` share an answer. `client` and `lease` are for the budget, which pays for no
    page that another process composes. None of these is sent. `schema` makes
    the JSON schema of the answer, for providers that can hold their model to one. `traceparent` is
    sent as a header, where calls are traced. `useful_from` says before which character of the
    answer nothing of use is likely to end, so that it need not be read as often.
    """

    instructions: str
    request: str
    shop: Shop
    persona: Persona
    products: tuple[Product, ...]
    slots: tuple[str, ...]
    tokens: int = 0
    persona_hash: str = ""
    client: Client = Client()
    schema: Callable[[], Mapping[str, object]] | None = None
    traceparent: str = ""
    optional: frozenset[str] = frozenset()
    lease: Lease | None = None
    useful_from: Callable[[], int] = int


class TokensUsed(NamedTuple):
    """Tokens as the provider counted them; zeros where it did not say."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0

    @property
    def total(self) -> int:
        return self.prompt + self.completion


class ModelText(NamedTuple):
    """A piece of the model's answer, cut wherever the network cut it."""

    text: str


class ModelGap(NamedTuple):
    """A piece of the answer could not be read: the texts around it do not belong together."""

    reason: str = "unreadable"


class ModelEnded(NamedTuple):
    """The model's last word: why it stopped, in the provider's own term, and what it cost."""

    reason: str = "stop"
    tokens: TokensUsed = TokensUsed()


class ModelNotice(NamedTuple):
    """Something on the way to an answer that the operator should know of: a retry, say."""

    kind: str
    code: str = ""
    where: str = ""


ModelEvent = ModelText | ModelGap | ModelEnded | ModelNotice


class ModelFailed(Exception):
    """A model did not answer, or stopped answering. Raised at the border to a provider.

    `code` is one of the contract's (MODEL_UNAVAILABLE, TIMEOUT, RATE_LIMITED, ...) and
    `reason` is for the operator; neither holds a prompt, a key or an answer. `tokens` is what the
    provider had counted by then.
    """

    tokens = TokensUsed()

    def __init__(
        self, code: str, reason: str, *, retryable: bool, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after


class CallRefused(ModelFailed):
    """We did not ask: the budget is spent, or the provider rests. Says nothing of the provider."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason, retryable=False)


class Model(Protocol):
    """Answers a prompt with component JSON, piece by piece. `name` is what `meta.model` states."""

    @property
    def name(self) -> str: ...

    def compose(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Yield the text as it comes and one ModelEnded; raise ModelFailed where it breaks off."""
