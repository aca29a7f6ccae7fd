// The shopper's persona, which the database may not delay.

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";

import {
  COLLECTOR,
  never,
  OTHER_SHOPPER,
  resetStorage,
  SHOPPER,
  storePersona,
} from "../../tests/support.ts";
import { findPersona } from "./lookup.ts";
import { NEWCOMER } from "./persona.ts";

beforeEach(resetStorage);

describe("a shopper", () => {
  it("is who the database says", async () => {
    await storePersona(SHOPPER, COLLECTOR);
    expect(await findPersona(env, SHOPPER, "demo", 5000)).toEqual({
      persona: COLLECTOR,
      db: "hit",
    });
  });

  it("is a newcomer where the database knows nothing, or knows another shop's", async () => {
    await storePersona(SHOPPER, COLLECTOR);
    expect(await findPersona(env, OTHER_SHOPPER, "demo", 5000)).toEqual({
      persona: NEWCOMER,
      db: "miss",
    });
    expect(await findPersona(env, SHOPPER, "corner", 5000)).toEqual({
      persona: NEWCOMER,
      db: "miss",
    });
  });

  it("whose row makes no sense is a newcomer", async () => {
    await storePersona(SHOPPER, COLLECTOR);
    await env.DB.prepare("UPDATE personas SET signals = 'not json'").run();
    expect((await findPersona(env, SHOPPER, "demo", 5000)).persona).toEqual(NEWCOMER);
  });

  it("is a newcomer while the database is absent, failing or slow", async () => {
    const failing = {
      prepare: () => {
        throw new Error("no");
      },
    } as unknown as D1Database;
    const slow = { prepare: () => ({ bind: () => ({ first: never }) }) } as unknown as D1Database;
    expect(await findPersona({}, SHOPPER, "demo", 10)).toEqual({ persona: NEWCOMER, db: "absent" });
    expect(await findPersona({ DB: failing }, SHOPPER, "demo", 10)).toEqual({
      persona: NEWCOMER,
      db: "failed",
    });
    expect(await findPersona({ DB: slow }, SHOPPER, "demo", 10)).toEqual({
      persona: NEWCOMER,
      db: "slow",
    });
  });
});
