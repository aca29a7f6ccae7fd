"""Which template is drawn with which, so that a save redraws what it touches and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jinja2 import Environment, TemplateSyntaxError, meta

_READ = Environment(autoescape=True)


class Uses:
    """Remembers what each text refers to, so that only changed ones are read again."""

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}

    def drawn_with(self, changed: Iterable[str], texts: Mapping[str, str]) -> set[str]:
        """Return the templates that are drawn with one of these, and these themselves."""
        users: dict[str, set[str]] = {}
        for name, text in texts.items():
            for used in self._refers_to(text):
                users.setdefault(used, set()).add(name)
        found: set[str] = set()
        waiting = list(changed)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += users.get(name, ())
        return found

    def _refers_to(self, text: str) -> frozenset[str]:
        if text not in self._known:
            if len(self._known) > 5000:  # noqa: PLR2004 - an afternoon of saves
                self._known.clear()
            self._known[text] = _references(text)
        return self._known[text]


def _references(text: str) -> frozenset[str]:
    if "import" not in text and "extends" not in text and "include" not in text:
        return frozenset()
    try:
        return frozenset(filter(None, meta.find_referenced_templates(_READ.parse(text))))
    except TemplateSyntaxError:
        return frozenset()
