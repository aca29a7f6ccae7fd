"""`python -m tests.fuzz [SECONDS] [SEED]`: broken answers without end, through parser and admission.

Takes recorded answers apart and puts them together wrongly: cut, doubled, spliced, with signs and
hostile words in the wrong places. Whatever comes of it must be read alike however it is cut, stay
within its bounds, never raise, and, where it is admitted, draw what an HTML parser reads as the
template's own elements and no others. A failure prints the text that caused it.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

import html5lib

from app.catalog.load import load_catalogs
from app.content.components import load_library
from app.domain.limits import ParseLimits
from app.domain.page import Component, Proposal, Refusal
from app.generation.parser.parser import ProposalParser
from app.generation.parser.proposal import Names
from app.generation.validate import validate
from app.rendering.renderer import Renderer
from app.rendering.templates import environment
from app.rendering.urls import ShopUrls
from app.settings import ROOT
from tests.support.fake_model import SLOTS, answer
from tests.support.props import props_context

_SIGNS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "'",
    "\\",
    "\\u",
    "\\ud83d",
    "//",
    "/*",
    "*/",
    "\n",
    "```",
]
_WORDS = [
    '"type"',
    '"config":',
    '"components":',
    '"props":',
    '{"hero":',
    '"{\\"type\\":\\"x\\"}"',
    "<think>",
    "</think>",
    "null",
    "True",
    "NaN",
    "1e999",
    '{"type":"hero"',
    "]}}",
    "\u202e",
    "😀",
]
_SIZES = (1, 3, 17)
_NAMES = Names(known=SLOTS)
_LONGEST = 6_000
_ELEMENTS = {
    "a", "article", "b", "button", "div", "figcaption", "figure", "form", "h1", "h2", "h3", "img",
    "input", "label", "li", "p", "s", "span", "ul",
}  # fmt: skip


class Fuzz:
    """Makes texts from a seed and checks what becomes of them."""

    def __init__(self, seed: int) -> None:
        self.seen: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        recordings = [path.read_text() for path in (Path(__file__).parent / "recordings").iterdir()]
        corpus = json.loads((ROOT / "tests/corpora/hostile.json").read_text())
        self._hostile: list[str] = [text for text in corpus["copy"] if text.isprintable()]
        self._texts = [answer(), *recordings]
        self._sound: set[str] = set()
        self._shop = load_catalogs(ROOT / "demo" / "catalog.json").default
        library = load_library(ROOT / "components")
        self._specs = library.specs
        names = {path.name: "/x" for path in (ROOT / "static").iterdir()}
        self._renderer = Renderer(
            environment(library.folder),
            library.specs,
            library.slots,
            urls_of=lambda shop: ShopUrls(shop.id, "", names),
            props_context=props_context,
        )

    def text(self) -> str:
        """Return a broken answer."""
        text = self._random.choice(self._texts)
        for _ in range(self._random.randint(1, 8)):
            text = self._broken(text)
        return text[:_LONGEST]

    def _broken(self, text: str) -> str:
        draw = self._random
        at, to = sorted((draw.randint(0, len(text)), draw.randint(0, len(text))))
        match draw.randrange(7):
            case 0:
                return text[:at] + draw.choice(_SIGNS) + text[at:]
            case 1:
                return text[:at] + draw.choice(_WORDS) + text[at:]
            case 2:
                return text[:at] + draw.choice(self._hostile) + text[at:]
            case 3:
                return text[:at] + text[min(at + draw.randint(1, 20), len(text)) :]
            case 4:
                return text[:to] + text[at:]
            case 5:
                return text[:at] + draw.choice(self._texts)[at:to]
            case _:
                return text.replace(draw.choice(_SIGNS), draw.choice(_SIGNS), draw.randint(1, 3))

    def check(self, text: str) -> None:
        """Raise AssertionError where a text is not read as it should be."""
        whole = parsed(text, len(text) + 1)
        for size in _SIZES:
            assert parsed(text, size) == whole, f"cut into pieces of {size} it reads differently"
        assert len(whole) <= ParseLimits().components + 2
        filled: set[str] = set()
        for item in whole:
            verdict = item if isinstance(item, Refusal) else self._admitted(item, filled)
            self.seen[verdict.code if isinstance(verdict, Refusal) else "admitted"] += 1
            if isinstance(verdict, Component):
                filled.add(verdict.slot)
                self._draw(verdict)

    def _admitted(self, proposal: Proposal, filled: set[str]) -> Component | Refusal:
        return validate(proposal, self._specs, props_context(self._shop), filled)

    def _draw(self, component: Component) -> None:
        html = self._renderer.component(component, self._shop)
        assert isinstance(html, str), "what was admitted cannot be drawn"
        if html in self._sound:
            return
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        found = parser.parseFragment(html, container="section")
        for element in list(found.iter())[1:]:
            assert element.tag in _ELEMENTS, f"<{element.tag}> is no element of a template"
            for name, value in element.attrib.items():
                assert not name.startswith("on"), f"{name} is no attribute of a template"
                assert name not in ("href", "src", "action") or value.startswith("/"), value
        self._sound.add(html)


def parsed(text: str, size: int) -> list[Proposal | Refusal]:
    """Parse a text in pieces."""
    parser = ProposalParser(names=_NAMES)
    found: list[Proposal | Refusal] = []
    for start in range(0, len(text), size):
        found += parser.feed(text[start : start + size])
    return [*found, *parser.close()]


def run(seconds: float, seed: int) -> Fuzz:
    """Fuzz for so long; raise AssertionError with the text where something does not hold."""
    fuzz = Fuzz(seed)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text = fuzz.text()
        try:
            fuzz.check(text)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {error!r}: {text!r}") from error
        fuzz.seen["texts"] += 1
    return fuzz


def main(arguments: list[str]) -> int:
    """Fuzz, and say what was seen."""
    seconds = float(arguments[0]) if arguments else 60.0
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(1 << 32)
    sys.stdout.write(f"fuzzing for {seconds:.0f} s with seed {seed}\n")
    for name, count in run(seconds, seed).seen.most_common():
        sys.stdout.write(f"{count:>9,}  {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
