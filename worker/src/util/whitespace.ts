// Collapse white space as Python's str.split() does: its white space is not what \s matches here.

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts 1C to 1F as white space
const WHITESPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

/** Return the words with one space between them, cut after so many code points. */
export function collapseWhitespace(text: string, maxLength: number): string {
  const words = text.split(WHITESPACE).filter((word) => word !== "");
  return [...words.join(" ")].slice(0, maxLength).join("");
}

/** Return a header's text without the white space around it, as Python's bytes.strip() has it. */
export function trimAscii(text: string): string {
  return text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, "");
}
