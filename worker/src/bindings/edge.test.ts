// Budget and files as the container is given them: docs/bindings.md, line by line.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { type Exchange, never, resetStorage, send } from "../../tests/support.ts";
import type { Env } from "../env.ts";
import { handleEdge } from "./edge.ts";

const LEDGER = env.LEDGER as NonNullable<typeof env.LEDGER>;
const CLAIM = { account: "shop:demo", tokens: 100, max_calls: 3, max_tokens: 1_000 };

beforeEach(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  await resetStorage();
});

function ask(path: string, init: RequestInit = {}, changes: object = {}): Promise<Response> {
  const request = new Request(`http://edge.internal${path}`, init);
  return handleEdge(request, { ...env, ...changes } as Env);
}

function post(path: string, body: unknown, changes: object = {}): Promise<Response> {
  return ask(`/ledger/${path}`, { method: "POST", body: JSON.stringify(body) }, changes);
}

async function take(...claims: object[]): Promise<Record<string, unknown>> {
  return (await post("take", { claims })).json();
}

describe("the budget for the container", () => {
  it("is paid from until it is spent, however many pay at once", async () => {
    const verdicts = await Promise.all(Array.from({ length: 8 }, () => take(CLAIM)));
    expect(verdicts.map(({ refused }) => refused)).toEqual([
      ...[null, null, null],
      ...[0, 0, 0, 0, 0],
    ]);
    expect(verdicts[7]).toMatchObject({ calls: 3, tokens: 300 });
  });

  it("pays all claims or none, and says which was refused", async () => {
    const other = { account: "all", tokens: 100, max_calls: 9, max_tokens: 99 };
    expect(await take(CLAIM, other)).toMatchObject({ refused: 1, calls: 0, tokens: 0 });
    const { max_tokens: _, ...unlimited } = other;
    expect(await take(CLAIM, unlimited)).toMatchObject({ refused: null, calls: 1, tokens: 100 });
  });

  it("takes back what a call did not use", async () => {
    const { minute } = await take(CLAIM);
    const back = { accounts: ["shop:demo", "never"], minute, tokens: 60 };
    expect((await post("give-back", back)).status).toBe(204);
    expect(await take(CLAIM)).toMatchObject({ calls: 2, tokens: 140 });
  });

  it("forgets what is older than an hour, of an account that nobody pays from as well", async () => {
    const { minute } = await take(CLAIM);
    const ledger = LEDGER.get(LEDGER.idFromName("shop"));
    const rows = (): Promise<unknown[]> =>
      runInDurableObject(ledger, (_, { storage }) =>
        storage.sql.exec("SELECT account FROM spent").toArray(),
      );
    const age = (minutes: number): Promise<unknown> =>
      runInDurableObject(ledger, (_, { storage }) =>
        storage.sql.exec("UPDATE spent SET minute = ?", Number(minute) - minutes),
      );
    await age(-300); // as where the clock was put back
    expect(await take(CLAIM)).toMatchObject({ minute, calls: 2, tokens: 200 });
    await age(58);
    expect(await runDurableObjectAlarm(ledger)).toBe(true);
    expect(await rows()).toHaveLength(1);
    await age(61);
    expect(await runDurableObjectAlarm(ledger)).toBe(true);
    expect(await rows()).toEqual([]);
    expect(await runDurableObjectAlarm(ledger)).toBe(false);
  });

  it("says what it does not understand, and where it is not there", async () => {
    const refused = [
      ...[{}, null, [], { claims: [] }, { claims: [null] }, { claims: Array(9).fill(CLAIM) }],
      ...[{ claims: [{ ...CLAIM, tokens: "1" }] }, { claims: [{ ...CLAIM, account: 1 }] }],
      { claims: [{ ...CLAIM, account: "x".repeat(9_000) }] },
    ];
    for (const body of refused) expect((await post("take", body)).status).toBe(400);
    expect((await post("give-back", { accounts: ["a"], minute: 1.5, tokens: 1 })).status).toBe(400);
    expect((await post("spend", { claims: [CLAIM] })).status).toBe(404);
    expect((await post("take", { claims: [CLAIM] }, { LEDGER: undefined })).status).toBe(503);
    expect((await ask("/ledger/take")).status).toBe(405);
    expect((await ask("/files/shops/%E0%A4")).status).toBe(400);
  });
});

describe("files for the container", () => {
  const FOLLOWS = { WANDSTORE_SHOPIFY_STORE: "corner.myshopify.com" };
  const PAGE = "shops/demo/catalog.html";

  async function keys(): Promise<Record<string, string>> {
    const known: { keys: Record<string, string> } = await (await ask("/files")).json();
    return known.keys;
  }

  function put(path: string, body: string): Promise<Response> {
    const packed = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
    return ask(path, { method: "PUT", body: packed });
  }

  /** Return what shoppers get, once this isolate has looked again, which it waits for after a pause. */
  async function served(pause = 3_001): Promise<Exchange> {
    vi.advanceTimersByTime(pause);
    return send("/store", { headers: { "user-agent": "Googlebot/2.1" } }, FOLLOWS);
  }

  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());

  it("are served in the place of the published ones, or not at all, known by their keys and looked for after an answer", async () => {
    const published = await served();
    const before = await keys();
    expect(before[PAGE]).toMatch(/^[0-9a-f]{32}$/);
    expect((await put(`/files/${PAGE}?key=new`, "é new")).status).toBe(204);
    expect((await served()).text).toBe("é new");
    expect((await send("/store", { headers: { "user-agent": "Googlebot/2.1" } })).text).toBe(
      published.text,
    );
    expect(await keys()).toEqual({ ...before, [PAGE]: "new" });
    expect((await ask(`/files/${PAGE}`, { method: "DELETE" })).status).toBe(204);
    expect((await served()).text).toBe("");
    expect(await keys()).toEqual({ ...before, [PAGE]: "" });

    await put(`/files/${PAGE}?key=newer`, "newer");
    const next = await served(1_001);
    expect(next.text).toBe("");
    await next.background;
    expect((await served(1)).text).toBe("newer");

    await put("/files/root/sitemap.xml?key=new", "<new/>");
    await served();
    const { response, text } = await send("/sitemap.xml", {}, FOLLOWS);
    expect(response.headers.get("content-type")).toBe("application/xml; charset=utf-8");
    expect(text).toBe("<new/>");
  });

  it("are the published ones while nobody can say what has changed", async () => {
    const { text } = await served();
    vi.advanceTimersByTime(3_001);
    const FILES = { ...env.FILES, idFromName: () => "", get: () => ({ since: () => never() }) };
    const crawler = { headers: { "user-agent": "Googlebot/2.1" } };
    expect((await send("/store", crawler, { ...FOLLOWS, FILES })).text).toBe(text);
  });

  it("are kept whole where one row cannot hold them", async () => {
    const namespace = env.FILES as NonNullable<typeof env.FILES>;
    const files = namespace.get(namespace.idFromName("large"));
    const body = new Uint8Array(5_000_001).map((_, at) => at % 251);
    await files.put(PAGE, "large", body.buffer);
    expect((await files.read(PAGE))?.body).toEqual(body.buffer);
    await files.put(PAGE, "small", body.slice(0, 9).buffer);
    expect((await files.read(PAGE))?.body).toEqual(body.slice(0, 9).buffer);
  });

  it("are a shop's, with a key, and no larger than can be kept", async () => {
    expect((await put("/files/shops/demo/x?key=", "x")).status).toBe(400);
    expect((await put("/files/shops.json?key=a", "x")).status).toBe(404);
    expect((await put("/files/_headers?key=a", "x")).status).toBe(404);
    const tooLarge = { method: "PUT", body: "x".repeat(16_000_001) };
    expect((await ask("/files/shops/demo/x?key=a", tooLarge)).status).toBe(413);
    expect((await ask("/files", {}, { FILES: undefined })).status).toBe(503);
  });
});
