// White space is collapsed as in the container, and the text cut where it cuts.

import { expect, it } from "vitest";

import { collapseWhitespace } from "./whitespace.ts";

it.each([
  ["  a  b ", 9, "a b"],
  ["a\u001cb\u001fc\u0085d\u00a0e\u3000f", 99, "a b c d e f"],
  ["a\u200bb\ufeffc\u180ed", 99, "a\u200bb\ufeffc\u180ed"],
  ["\u{1f98a}\u{1f98a}\u{1f98a}", 2, "\u{1f98a}\u{1f98a}"],
  [" \t\r\n ", 9, ""],
])("%j of at most %i is %j", (text, maxLength, collapsed) => {
  expect(collapseWhitespace(text, maxLength)).toBe(collapsed);
});
