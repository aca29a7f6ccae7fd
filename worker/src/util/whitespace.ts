// A text's words as Python's split() finds them: its white space is not what \s means here.

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python takes 1C to 1F for white space
const WHITE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

/** Returns the words with one space between them, cut after so many code points. */
export function tidied(text: string, longest: number): string {
  const words = text.split(WHITE).filter((word) => word !== "");
  return [...words.join(" ")].slice(0, longest).join("");
}
