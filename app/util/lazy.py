"""Makes late what few need, once, in whatever thread."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """A value that is made by whoever asks for it first, once, in whatever thread."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: tuple[T] | None = None

    @property
    def made(self) -> T | None:
        """The value if it has been made."""
        return self._made[0] if self._made else None

    def __call__(self) -> T:
        """Return the value."""
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = (self._make(),)
        return self._made[0]

    def __reduce__(self) -> tuple[Callable[[T], Lazy[T]], tuple[T]]:
        """Return how it is pickled: as its value, which is made if it was not yet."""
        return _made, (self(),)


def _made(value: T) -> Lazy[T]:
    lazy = Lazy(lambda: value)
    lazy()
    return lazy
