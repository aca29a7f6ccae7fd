// Reported signals: stored, classified by the shared rules, and the new page's generation started.

import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import {
  fakeContainer,
  generating,
  never,
  resetStorage,
  SHOPPER,
  send,
  sessionCookie,
  storeSharedPage,
} from "../../tests/support.ts";
import type { Fact } from "../personas/fact.ts";
import { personaHash } from "../personas/key.ts";
import { learn } from "../personas/learner.ts";

beforeEach(resetStorage);
afterEach(() => vi.useRealTimers());

const SAME_ORIGIN = { "content-type": "application/json", "sec-fetch-site": "same-origin" };
const PURCHASE = { kind: "purchase", items: [{ product: "dusk-lamp", quantity: 1 }] };
const NAMED = { ...PURCHASE, order: "1042" };

let reports = 0;

/** Report as another shopper, from another address: the isolate's rate limits outlive a test. */
async function post(
  body: unknown,
  headers: Record<string, string> = {},
  changes: Record<string, unknown> = {},
) {
  reports += 1;
  const shopper = `shop_${reports.toString(16).padStart(32, "0")}`;
  const cookie = headers["cookie"] ?? (await sessionCookie(shopper));
  const allHeaders = {
    ...SAME_ORIGIN,
    "cf-connecting-ip": `10.0.${reports >> 8}.${reports & 255}`,
    ...headers,
    cookie,
  };
  const init = {
    method: "POST",
    headers: allHeaders,
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
  return { shopper, ...(await send("/signals", init, { CONTAINER: undefined, ...changes })) };
}

async function storedFacts(shopper: string): Promise<unknown[]> {
  const { results } = await env.DB.prepare(
    "SELECT fact FROM signals WHERE shopper_id = ? ORDER BY id",
  )
    .bind(shopper)
    .all<{ fact: string }>();
  return results.map(({ fact }) => JSON.parse(fact) as unknown);
}

async function currentHash(shopper: string): Promise<string> {
  const hash = await env.DB.prepare("SELECT current_persona_hash FROM shoppers WHERE id = ?")
    .bind(shopper)
    .first<string>("current_persona_hash");
  return hash ?? "";
}

describe("a beacon", () => {
  it("that reports an order by its name again adds nothing to it", async () => {
    const cookie = await sessionCookie(SHOPPER);
    for (const events of [[NAMED, NAMED, PURCHASE], [NAMED], [PURCHASE]]) {
      const { response } = await post({ events }, { cookie });
      expect(response.status).toBe(204);
    }
    const facts = (await storedFacts(SHOPPER)) as Fact[];
    expect(facts.map(({ order }) => order)).toEqual(["1042", undefined, undefined]);
  });

  it("is noted as the catalog bears it out", async () => {
    const { response, shopper } = await post({
      events: [{ kind: "view", product: "dusk-lamp" }, PURCHASE],
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const day = Math.floor(Date.now() / 86_400_000);
    expect(await storedFacts(shopper)).toEqual([
      expect.objectContaining({
        kind: "view",
        day,
        products: ["dusk-lamp"],
        categories: ["Lamps"],
      }),
      expect.objectContaining({
        kind: "purchase",
        products: ["dusk-lamp"],
        cents: expect.any(Number),
      }),
    ]);
  });

  it("makes the shopper somebody else, whose page is then begun", async () => {
    const requests: Request[] = [];
    const CONTAINER = fakeContainer(
      async (request) => (requests.push(request.clone()), Response.json({})),
    );
    const { shopper, background } = await post({ events: [PURCHASE, PURCHASE] }, {}, { CONTAINER });
    await background;
    expect(await currentHash(shopper)).toMatch(/^v2_loyalist_/);
    expect(await requests[0]?.json()).toMatchObject({
      shopper_id: shopper,
      persona: { type: "loyalist" },
    });
  });

  it("of who was erased a moment ago leaves nothing of them", async () => {
    await env.DB.prepare("INSERT INTO forgotten VALUES (?, ?)").bind(SHOPPER, "2026").run();
    const shown = { kind: "shown", slot: "grid", by: "fallback", products: ["moon-jar"] };
    const cookie = await sessionCookie(SHOPPER);
    const { response } = await post({ events: [shown, PURCHASE, PURCHASE] }, { cookie });
    expect(response.status).toBe(204);
    const tables = ["shoppers WHERE id", "personas WHERE shopper_id", "signals WHERE shopper_id"];
    for (const table of tables) {
      const rows = await env.DB.prepare(`SELECT 1 FROM ${table} = ?`).bind(SHOPPER).all();
      expect(rows.results).toEqual([]);
    }
  });

  it("begins nothing where all of the new persona share a page already", async () => {
    const report = { events: [PURCHASE, PURCHASE] };
    const requests: Request[] = [];
    const CONTAINER = generating("", requests);
    const { shopper, background } = await post(report, {}, { CONTAINER });
    await background;
    expect(requests).toHaveLength(1);
    await storeSharedPage(await currentHash(shopper), "<p>loyalists</p>");
    await (await post(report, {}, { CONTAINER })).background;
    expect(requests).toHaveLength(1);
  });

  it("that changes nobody begins nothing", async () => {
    let generations = 0;
    const CONTAINER = fakeContainer(async () => ((generations += 1), Response.json({})));
    const { background } = await post(
      { events: [{ kind: "view", product: "dusk-lamp" }] },
      {},
      { CONTAINER },
    );
    await background;
    expect(generations).toBe(0);
  });

  it("gives way to one that came later and was judged sooner", async () => {
    const about = {
      day: 20_000,
      products: ["a"],
      categories: ["Lamps"],
      low: 0,
      high: 0,
      reduced: 0,
      seconds: 0,
      sort: "",
      origins: [],
      order: "",
    };
    const order: Fact = { ...about, kind: "purchase", cents: 5000 };
    const shopper = `shop_${"5".repeat(32)}`;
    let open = (): void => {};
    const gate = new Promise<void>((done) => (open = done));
    let batches = 0;
    const slow = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: async (work: D1PreparedStatement[]) => {
        if ((batches += 1) > 1) await gate;
        return env.DB.batch(work);
      },
    } as unknown as D1Database;
    const early = learn(slow, shopper, "demo", [order]);
    while (batches < 2) await new Promise((soon) => setTimeout(soon, 5));
    const late = await learn(env.DB, shopper, "demo", [order, order, order, order]);
    open();
    expect((await early).persona).not.toEqual(late.persona);
    const { hash } = (await env.DB.prepare(
      "SELECT current_persona_hash AS hash FROM shoppers WHERE id = ?",
    )
      .bind(shopper)
      .first()) as { hash: string };
    expect(hash).toBe(await personaHash(late.persona));
  });

  it("does not wait for the page it begins", async () => {
    const { response } = await post(
      { events: [PURCHASE, PURCHASE] },
      {},
      { CONTAINER: fakeContainer(never) },
    );
    expect(response.status).toBe(204);
  });

  it.each([{ dnt: "1" }, { "sec-gpc": "1" }])(
    "of a browser that is not to be followed is not noted: %j",
    async (headers) => {
      const { response, shopper } = await post({ events: [PURCHASE] }, headers);
      expect(response.status).toBe(204);
      expect(await storedFacts(shopper)).toEqual([]);
    },
  );

  it.each([
    [{ "sec-fetch-site": "cross-site" }, 403, "CROSS_ORIGIN"],
    [{ "content-type": "text/plain" }, 415, "NOT_JSON"],
    [{ cookie: `shopper_demo=${SHOPPER}.1900000000.${"A".repeat(43)}` }, 401, "UNKNOWN_SHOPPER"],
  ])("with %j is refused", async (headers, status, code) => {
    const { response, text } = await post({ events: [PURCHASE] }, headers);
    expect([response.status, JSON.parse(text)]).toEqual([
      status,
      { error: expect.objectContaining({ code }) },
    ]);
  });

  it.each([
    ["{", "body"],
    [{}, "events"],
    [{ events: [] }, "events"],
    [{ events: Array.from({ length: 21 }, () => PURCHASE) }, "events"],
    [{ events: [{ kind: "stare" }] }, "events.0"],
    [{ events: [{ kind: "view" }] }, "events.0.product"],
    [{ events: [{ kind: "view", product: "" }] }, "events.0.product"],
    [{ events: [{ kind: "view", product: "x", price: 1 }] }, "events.0.price"],
    [{ events: [{ kind: "dwell", product: "dusk-lamp", seconds: 601 }] }, "events.0.seconds"],
    [{ events: [{ kind: "dwell", product: "dusk-lamp", seconds: 1.5 }] }, "events.0.seconds"],
    [{ events: [{ kind: "filter", sort: "loudest" }] }, "events.0.sort"],
    [
      { events: [{ kind: "purchase", items: [{ product: "dusk-lamp", quantity: 100 }] }] },
      "events.0.items.0.quantity",
    ],
    [{ events: [{ kind: "purchase", items: [] }] }, "events.0.items"],
  ])("of the wrong form is refused by its field: %j", async (body, field) => {
    const { response, text, shopper } = await post(body);
    expect(response.status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      error: { code: "INVALID_SIGNALS", field, retryable: false },
    });
    expect(await storedFacts(shopper)).toEqual([]);
  });

  it("of what the shop does not have is refused, unless something of it is ours", async () => {
    const none = await post({ events: [{ kind: "view", product: "__proto__" }] });
    expect([none.response.status, JSON.parse(none.text)]).toEqual([
      400,
      { error: expect.objectContaining({ code: "UNKNOWN_PRODUCT" }) },
    ]);
    const some = await post({
      events: [
        { kind: "view", product: "never" },
        { kind: "filter", category: "Lamps" },
      ],
    });
    expect(some.response.status).toBe(204);
    expect(await storedFacts(some.shopper)).toHaveLength(1);
  });

  it("that is too large is refused", async () => {
    const { response } = await post({ events: [{ kind: "view", product: "x".repeat(9000) }] });
    expect(response.status).toBe(413);
  });

  it("that cannot be noted may be told again", async () => {
    for (const DB of [
      undefined,
      {
        prepare: () => {
          throw new Error("no");
        },
      },
    ]) {
      const { response, text } = await post({ events: [PURCHASE] }, {}, { DB });
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
      expect(JSON.parse(text)).toMatchObject({ error: { code: "NOT_STORED", retryable: true } });
    }
  });

  it("whose persona cannot be stored has been noted, and the next one stores it", async () => {
    let batches = 0;
    const DB = {
      prepare: (query: string) => env.DB.prepare(query),
      batch: async (statements: D1PreparedStatement[]) => {
        batches += 1;
        if (batches > 1) throw new Error("no");
        return env.DB.batch(statements);
      },
    };
    const { response, shopper } = await post({ events: [PURCHASE, PURCHASE] }, {}, { DB });
    expect([response.status, batches]).toEqual([204, 2]);
    expect(await storedFacts(shopper)).toHaveLength(2);
    const cookie = await sessionCookie(shopper);
    await post({ events: [PURCHASE] }, { cookie });
    expect(await currentHash(shopper)).toMatch(/^v2_loyalist_/);
  });

  it("too many of one shopper are refused for a while", async () => {
    vi.useFakeTimers({ toFake: ["Date"] }); // no allowance comes back meanwhile
    const cookie = await sessionCookie(`shop_${"9".repeat(32)}`); // none of whose share is spent
    const statuses = [];
    for (let at = 0; at < 31; at += 1) {
      statuses.push(
        (await post({ events: [{ kind: "view", product: "dusk-lamp" }] }, { cookie })).response
          .status,
      );
    }
    expect(statuses.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 204));
    expect(statuses[30]).toBe(429);
  });

  it("too many of one IPv6 network are refused, whatever addresses of it are used", async () => {
    vi.useFakeTimers({ toFake: ["Date"] }); // no allowance comes back meanwhile
    const statuses = [];
    for (let host = 0; host <= 240; host += 1) {
      const headers = {
        "sec-fetch-site": "cross-site",
        "cf-connecting-ip": `2001:db8::${host.toString(16)}`,
      };
      statuses.push((await post({}, headers)).response.status);
    }
    expect(new Set(statuses.slice(0, 240))).toEqual(new Set([403]));
    expect(statuses[240]).toBe(429);
  });

  it("is not something to look at", async () => {
    const { response } = await send("/signals");
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });
});
