// Words are parted as in the container, and cut where it cuts.

import { expect, it } from "vitest";

import { tidied } from "./whitespace.ts";

it.each([
  ["  a  b ", 9, "a b"],
  ["a\u001cb\u001fc\u0085d\u00a0e\u3000f", 99, "a b c d e f"],
  ["a\u200bb\ufeffc\u180ed", 99, "a\u200bb\ufeffc\u180ed"],
  ["\u{1f98a}\u{1f98a}\u{1f98a}", 2, "\u{1f98a}\u{1f98a}"],
  [" \t\r\n ", 9, ""],
])("%j of at most %i is %j", (text, longest, words) => {
  expect(tidied(text, longest)).toBe(words);
});
