"""Tokens -> proposals: finds the components in what a model writes, repairing as it goes.

A component is an object that stands alone, in a list or in a wrapper. Repairs are local: a bracket
or a comma that is missing or too many, a quote that turned the text inside out. Each is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.domain.page import Proposal, Refusal
from app.generation.parser.buffer import ComponentBuffer
from app.generation.parser.frame import CLOSES, Frame, as_json
from app.generation.parser.lexer import Lexer, Token, is_thought
from app.generation.parser.names import CONFIG, TYPE, spelled
from app.generation.parser.proposal import CALLS, Names, read_proposal, type_in

_PARTS = ("text", "output_text", *CALLS)
"""Types of parts of a message, which some gateways write into its text."""

Decode = Callable[[str, str], Sequence[Proposal | Refusal]]
"""Reads the components in the JSON of a string, which stands under a key."""


class RepairingParser:
    """Takes tokens one by one. `found` fills with proposals and refusals, for its reader to empty.

    `done` says that the brackets run too deep to go on. Lengths are in characters: `lengths` has
    those of the shortest components, by type. `names` are those of the component that the outermost
    object may be.
    """

    def __init__(
        self, lexer: Lexer, names: Names, decode: Decode, *, longest: int, deepest: int
    ) -> None:
        self.found: list[Proposal | Refusal] = []
        self.done = False
        self.lengths: dict[str, int] = {}
        self.repairs = lexer.repairs
        self._lexer = lexer
        self._names = names
        self._decode = decode
        self._deepest = deepest
        self._stack: list[Frame] = []
        self._buffer = ComponentBuffer(longest)
        self._candidate = -1
        self._began = 0
        self._revision = 0
        self._last = ""

    @property
    def open(self) -> tuple[str, int]:
        """The type of the component that is open, as far as it is known, and where it began.

        Where none is, the next may begin where the last has ended.
        """
        return self._buffer.type_from(0), self._began

    @property
    def inside(self) -> bool:
        """Whether any bracket is open."""
        return bool(self._stack)

    def accept(self, token: Token) -> None:
        """Take the next token; what it completes is in `found`."""
        kind = token.kind
        if kind in ("{", "["):
            self._open(kind)
        elif kind in ("}", "]"):
            self._shut(kind)
        elif kind == "draft":
            self.drop()
        elif self._stack:
            self._inside(token)
        else:
            self._take_encoded(token.text, "")
        self._last = token.text if kind == "string" else ""

    def _inside(self, token: Token) -> None:
        frame, kind = self._stack[-1], token.kind
        if kind == ",":
            if frame.expects == "comma":
                self._buffer.comma = True
                frame.expect_item()
            else:
                self.repairs["EXTRA_COMMA"] += 1
        elif kind == ":":
            if frame.expects == "colon":
                self._buffer.write(":")
                frame.expects = "value"
        else:
            if self._candidate < 0:
                self._revision += 1
            if kind == "word" and self._is_anchor(token):
                self._recover(token)
            elif kind == "word" and token.text.startswith("```"):
                self.end_of_text()
                self.drop()
            else:
                self._scalar(frame, token)

    def _scalar(self, frame: Frame, token: Token) -> None:
        """Read a key or a value, and repair what surrounds it."""
        if frame.expects == "comma":
            if token.kind == "word":
                self._buffer.fail("MALFORMED_JSON")
                return
            self.repairs["MISSING_COMMA"] += 1
            self._buffer.comma = True
            frame.expect_item()
        if frame.expects == "key":
            self._key(frame, token)
        elif frame.expects == "value":
            self._value(frame, token)
        else:
            self._buffer.fail("MALFORMED_JSON")

    def _key(self, frame: Frame, token: Token) -> None:
        if token.kind == "word":
            if not token.text.isidentifier():
                self._buffer.fail("MALFORMED_JSON")
                return
            self.repairs["UNQUOTED_KEY"] += 1
        frame.expect_value_of(token.text.strip('"'))
        self._buffer.write_item(f'"{frame.key}"' if token.kind == "word" else token.text)
        self._promote(frame)

    def _value(self, frame: Frame, token: Token) -> None:
        frame.expects = "comma"
        read = as_json(token.text) if token.kind == "word" else (token.text, False)
        if read is None:
            self._buffer.fail("MALFORMED_JSON")
            return
        text, foreign = read
        if foreign:
            self.repairs["FOREIGN_LITERAL"] += 1
        if token.kind == "string":
            self._take_string(frame, text)
        self._buffer.write_item(text)

    def _take_string(self, frame: Frame, text: str) -> None:
        """See whether a string states the type of its object, or holds components as JSON."""
        if frame.role == TYPE and frame.kind == "{":
            stated = text.strip('"')
            frame.typed = stated not in _PARTS or stated in self._names.known
        elif frame.key != "config" and not self._in_component(frame):
            self._take_encoded(text, frame.key)

    def _take_encoded(self, text: str, key: str) -> None:
        holds = text[1] in "{[" and not is_thought(key)
        decoded = self._decode(text, key) if holds else ()
        if decoded:
            self.repairs["ENCODED_TWICE"] += 1
            self.found += decoded
            if self._candidate >= 0:
                self._stack[self._candidate].wrapper = True

    def _open(self, kind: str) -> None:
        if kind == "{" and self._stack and self._stack[-1].expects in ("key", "comma"):
            self._cut_short()
        elif self._stack and self._stack[-1].expects == "colon":
            self._buffer.fail("MALFORMED_JSON")
        parent = self._stack[-1] if self._stack else None
        if parent is not None:
            if parent.expects == "comma":
                self.repairs["MISSING_COMMA"] += 1
                self._buffer.comma = True
            parent.expects = "comma"
        if kind == "{" and self._starts_candidate():
            self._begin(len(self._stack))
        if len(self._stack) >= self._deepest:
            self._buffer.fail("TOO_DEEP")
        if len(self._stack) >= self._deepest * 4:
            self.found.append(Refusal("TOO_DEEP"))
            self.done = True
        self._push(kind, parent)

    def _push(self, kind: str, parent: Frame | None) -> None:
        under = parent is not None and (parent.under_config or parent.role == CONFIG)
        under = under and self._candidate >= 0 and self._candidate < len(self._stack)
        expects = "key" if kind == "{" else "value"
        frame = Frame(kind, self._buffer.next_piece, expects, under)
        if kind == "[":
            frame.key = self._key_above
        elif self._candidate == len(self._stack):
            frame.typed = bool(spelled(self._key_above, self._names.known))
        self._buffer.write_item(kind)
        self._stack.append(frame)

    @property
    def _key_above(self) -> str:
        return self._stack[-1].key if self._stack else self._names.key

    def _starts_candidate(self) -> bool:
        """Say whether an object may be a component: it is not inside one."""
        if self._candidate < 0:
            return True
        current = self._stack[self._candidate]
        inside = self._stack[-1]
        listed = inside.kind == "[" and inside.key == "components" and not current.typed
        if not listed and (self._in_component(inside) or inside.role == CONFIG):
            return False
        current.wrapper = True
        return True

    def _in_component(self, frame: Frame) -> bool:
        """Say whether this bracket belongs to a component, as far as is known."""
        typed = self._candidate >= 0 and self._stack[self._candidate].typed
        return typed or frame.under_config

    def _begin(self, depth: int) -> None:
        self._candidate = depth
        self._began = self._lexer.position
        self._buffer.begin()

    def _shut(self, kind: str) -> None:
        opened = "{" if kind == "}" else "["
        inside = any(frame.kind == opened for frame in self._stack[max(self._candidate, 0) :])
        around = kind == "]" and any(frame.kind == opened for frame in self._stack)
        if not inside and not around:
            self.repairs["EXTRA_CLOSER"] += 1
            return
        while self._stack[-1].kind != opened:
            self.repairs["MISSING_CLOSER"] += 1
            self._pop()
        self._pop()

    def _pop(self) -> None:
        frame = self._stack.pop()
        if self._candidate < 0:
            self._revision += 1
        if self._buffer.comma:
            self._buffer.comma = False
            self.repairs["TRAILING_COMMA"] += 1
        if frame.unfinished:
            self._buffer.fail("MALFORMED_JSON")
        self._buffer.write(CLOSES[frame.kind])
        if len(self._stack) == self._candidate:
            self._candidate = -1
            self._offer(frame)

    def _offer(self, frame: Frame) -> None:
        """Read a candidate that has closed."""
        text, fault = self._buffer.end()
        began, self._began = self._began, self._lexer.position
        if frame.wrapper:
            return
        if any(is_thought(around.key) for around in self._stack):
            self.repairs["THOUGHT"] += 1
            return
        outermost = not self._stack
        in_list = outermost or self._stack[-1].kind == "["
        if fault and outermost and not frame.typed:
            self.repairs["PROSE"] += 1
        elif fault:
            named = spelled(self._key_above, self._names.known)
            self.found.append(Refusal(fault, type_in(text) or named))
        elif frame.keys or (in_list and not outermost):
            names = self._names._replace(key=self._key_above)
            verdict = read_proposal(text, self.repairs, names)
            if isinstance(verdict, Proposal):
                verdict = verdict._replace(revision=self._revision + self.repairs["COMMENT"])
                length = self._began - began
                self.lengths[verdict.type] = min(length, self.lengths.get(verdict.type, length))
            else:
                self._revision += 1
            if isinstance(verdict, Proposal) or in_list:
                self.found.append(verdict)
            else:
                self.repairs["NOT_A_COMPONENT"] += 1

    def _is_anchor(self, token: Token) -> bool:
        """Say whether `{"type"` was just read inside out: a quote is missing or too many."""
        return token.text == "type" and self._last[:-1].rstrip().endswith("{")

    def _recover(self, token: Token) -> None:
        """Give up what was being read and start over at the object that begins here."""
        self._abandon("MALFORMED_JSON")
        self.repairs["STRAY_QUOTE"] += 1
        self._stack.append(Frame("{", 0, "key", under_config=False))
        self._stack[-1].expect_value_of(token.text)
        self._begin(len(self._stack) - 1)
        self._buffer.write("{")
        self._buffer.write('"type"')
        self._lexer.skip_quote()

    def drop(self, code: str = "") -> None:
        """Give up all that is open; with a code, the component inside is refused."""
        if code:
            self._abandon(code, self._buffer.type_from(0))
        self._stack.clear()
        self._candidate = -1
        self._buffer.end()

    def _abandon(self, code: str, where: str = "") -> None:
        if self._candidate >= 0:
            if not self._stack[self._candidate].wrapper:
                self.found.append(Refusal(code, where))
            del self._stack[self._candidate :]
        self._candidate = -1
        self._buffer.end()

    def _promote(self, frame: Frame) -> None:
        """Take an object with a type and a config for a component, wherever it stands."""
        depth = len(self._stack) - 1
        if self._candidate < 0 or depth == self._candidate or not {"type", "config"} <= frame.keys:
            return
        known = self._names.known
        if frame.under_config and known and not spelled(self._buffer.type_from(frame.start), known):
            return  # props that are called so
        outer = self._stack[self._candidate]
        inner = self._buffer.split(frame.start)
        if frame.under_config:
            self._stack.pop()
            self._cut_short()
            frame.under_config = False
            self._stack.append(frame)
        else:
            outer.wrapper = True
        self._begin(len(self._stack) - 1)
        frame.start = 0
        for piece in inner:
            self._buffer.write(piece)

    def _cut_short(self) -> None:
        """Close a component where the next one begins: its closing bracket is missing."""
        if self._candidate < 0:
            return
        self._buffer.drop_comma()
        while self._candidate >= 0:
            self.repairs["MISSING_CLOSER"] += 1
            self._pop()

    def end_of_text(self) -> None:
        """End the text; a component that it breaks off in is kept if its values are whole."""
        if self._candidate < 0 or self._stack[self._candidate].wrapper:
            return
        frame = self._stack[-1]
        if self._lexer.in_string or frame.unfinished:
            self._abandon("UNFINISHED")
        else:
            self._cut_short()
