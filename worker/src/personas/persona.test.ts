// The Worker's personas are the container's: every shared vector, one by one.

import { describe, expect, it } from "vitest";

import hashes from "../../../tests/contract/persona_hash.json";
import rules from "../../../tests/contract/persona_rules.json";
import stored from "../../../tests/contract/stored_persona.json";
import { type Fact, readFact } from "./fact.ts";
import { personaHash } from "./key.ts";
import type { Persona } from "./persona.ts";
import { type PersonaRow, parsePersona } from "./row.ts";
import { classify } from "./rules.ts";

describe("the persona hash", () => {
  it.each(hashes as unknown as { name: string; persona: Persona; hash: string }[])(
    "is the container's: $name",
    async ({ persona, hash }) => {
      expect(await personaHash(persona)).toBe(hash);
    },
  );
});

describe("the persona rules", () => {
  it.each(rules as unknown as { name: string; facts: unknown[]; persona: Persona; hash: string }[])(
    "classify as the container's: $name",
    async ({ facts, persona, hash }) => {
      const read = facts.map(readFact).filter((fact): fact is Fact => fact !== null);
      expect(classify(read)).toEqual(persona);
      expect(await personaHash(classify(read))).toBe(hash);
    },
  );
});

describe("a stored persona", () => {
  it.each(stored as unknown as { name: string; row: PersonaRow; persona: Persona }[])(
    "is read as by the container: $name",
    ({ row, persona }) => {
      expect(parsePersona(row)).toEqual(persona);
    },
  );
});
