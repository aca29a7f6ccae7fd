// What operators are told: what the Worker did, of all isolates together, and an instance's own.

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";

import {
  COLLECTOR,
  demoShop,
  fakeContainer,
  pageHtml,
  resetStorage,
  SHOPPER,
  send,
  sessionCookie,
  storePage,
  storePersona,
  storeSharedPage,
} from "../../tests/support.ts";
import { personaHash } from "../personas/key.ts";
import { NEWCOMER } from "../personas/persona.ts";
import { track } from "../telemetry.ts";
import { handOver } from "./counters.ts";

const TOKEN = "a token of the operators";
const METRICS = env.METRICS as NonNullable<typeof env.METRICS>;
const KNOWN = { METRICS, METRICS_MS: "0", WANDSTORE_OPERATOR_TOKEN: TOKEN };
const OPERATOR = { authorization: `Bearer ${TOKEN}` };

beforeEach(async () => {
  await handOver(METRICS); // what other tests have counted
  await resetStorage();
});

async function visit(headers: Record<string, string>, changes = {}): Promise<string | null> {
  const { response, background } = await send("/store", { headers }, changes);
  await background;
  return response.headers.get("x-wandstore-page");
}

async function read(path: string, headers: Record<string, string> = OPERATOR, changes = {}) {
  await handOver(METRICS);
  return send(path, { headers }, { ...KNOWN, ...changes });
}

async function samples(): Promise<Record<string, number>> {
  const lines = (await read("/metrics")).text.split("\n").filter((line) => line.startsWith("w"));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );
}

function shop() {
  return METRICS.get(METRICS.idFromName("shop"));
}

async function visitOnce(): Promise<void> {
  await storePage(SHOPPER, await storePersona(SHOPPER, COLLECTOR), pageHtml(SHOPPER));
  expect(await visit({ cookie: await sessionCookie(SHOPPER) })).toBe("kept");
}

describe("/metrics", () => {
  it("tells of visits by their page, and of what KV and D1 took", async () => {
    await visitOnce();
    expect(await visit({})).toBe("shell");
    await storeSharedPage(await personaHash(NEWCOMER), pageHtml("a newcomer"));
    expect(await visit({})).toBe("kept");
    expect(await samples()).toMatchObject({
      'wandstore_visits_total{outcome="kept"}': 1,
      'wandstore_visits_total{outcome="shell"}': 1,
      'wandstore_visits_total{outcome="whole"}': 1,
      'wandstore_storage_seconds_count{store="database",operation="read"}': 1,
      'wandstore_storage_seconds_bucket{store="kv",operation="read",le="+Inf"}': 4,
      'wandstore_events_total{part="composing",event="503"}': 1,
    });
    expect((await read("/metrics")).response.headers.get("content-type")).toBe(
      "text/plain; version=0.0.4; charset=utf-8",
    );
  });

  it("tells of what KV and D1 did not do", async () => {
    const broken = { get: () => Promise.reject(new Error("no")) };
    expect(await visit({ cookie: await sessionCookie(SHOPPER) }, { KV: broken })).toBe("shell");
    const counted = await samples();
    expect(counted['wandstore_storage_errors_total{store="kv",operation="read"}']).toBe(2);
    expect(counted['wandstore_storage_errors_total{store="database",operation="read"}']).toBe(
      undefined,
    );
  });

  it("tells of streams, and which of them were resumed", async () => {
    const cookie = await sessionCookie(SHOPPER);
    const headers = { cookie, "last-event-id": "1700000000000001" };
    await send("/s/demo/stream/edge", { headers });
    expect(await samples()).toMatchObject({
      'wandstore_events_total{part="stream",event="resumed"}': 1,
      'wandstore_events_total{part="stream",event="503"}': 1,
    });
  });

  it("tells of a page that was composed in want of a model", async () => {
    const page = { status: "partial", ui: { html: pageHtml(SHOPPER) } };
    const error = { code: "MODEL_UNAVAILABLE", retryable: true };
    const CONTAINER = fakeContainer(async () => Response.json({ ...page, error }));
    const changes = { CONTAINER, KEPT_WAIT_MS: "5000" };
    expect(await visit({ cookie: await sessionCookie(SHOPPER) }, changes)).toBe("kept");
    const composing = 'wandstore_events_total{part="composing",event="MODEL_UNAVAILABLE"}';
    expect((await samples())[composing]).toBe(1);
  });

  it("adds up what isolates count, and loses nothing that could not be handed over", async () => {
    expect(await visit({})).toBe("shell");
    const lost = { idFromName: () => "", get: () => ({ add: () => Promise.reject(new Error()) }) };
    await handOver(lost as unknown as typeof METRICS);
    await shop().add(new Map([['wandstore_visits_total{outcome="shell"}', 40]]));
    expect(await visit({})).toBe("shell");
    expect((await samples())['wandstore_visits_total{outcome="shell"}']).toBe(42);
  });

  it("is told of visits by themselves, within moments", async () => {
    expect(await visit({}, KNOWN)).toBe("shell");
    const told = async () => (await send("/metrics", { headers: OPERATOR }, KNOWN)).text;
    await vi.waitFor(
      async () => {
        expect(await told()).toContain('{outcome="shell"} 1\n');
        expect(await told()).toContain('{part="composing",event="503"} 1\n'); // the last of it
      },
      { timeout: 20_000 },
    );
  }, 30_000);

  it("has so many samples and no more", async () => {
    const many = Array.from({ length: 1_200 }, (_, at): [string, number] => [`x{n="${at}"}`, 1]);
    await shop().add(new Map(many));
    const overflow = 'wandstore_events_total{part="metrics",event="overflow"}';
    expect((await samples())[overflow]).toBeGreaterThanOrEqual(200);
  });
});

describe("/status", () => {
  it("is the same as a report, with the container's words", async () => {
    await visitOnce();
    expect(await visit({})).toBe("shell");
    const unasked = { kv: "unasked", db: "unasked", shared: "unasked", late: false } as const;
    const planned = { ...unasked, how: "fallback", persona: "newcomer", ms: 1 } as const;
    track(env, { event: "page", shop: "demo", ...planned });
    const { text } = await read("/status", { ...OPERATOR, accept: "application/json" });
    expect(JSON.parse(text)).toMatchObject({
      status: "healthy",
      checks: { kv_connection: "ok", database: "ok", container: "not_asked" },
      hit_rate: 0.5,
      visits: { kept: 1, plain: 1, shell: 1 },
      storage_errors: [],
      instances: ["shop-0", "shop-1", "shop-2"],
    });
  });

  it("is a page for a browser, which asks for the token as a password", async () => {
    const refused = await read("/status", {});
    expect(refused.response.headers.get("www-authenticate")).toMatch(/^Basic /);
    await visitOnce();
    const { response, text } = await read("/status", {
      authorization: `Basic ${btoa(`me:${TOKEN}`)}`,
    });
    expect(response.headers.get("content-security-policy")).toBe(
      (await demoShop()).headers["content-security-policy"],
    );
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(text).toContain("<p>100.0 % found a page that was ready.</p>");
    expect(text).toContain("<tr><th>kept</th><td>1</td></tr>");
    const failing = { KV: { get: () => Promise.reject(new TypeError()) } };
    expect((await read("/status", OPERATOR, failing)).text).toContain(
      '<p class="warning" role="alert">kv_connection: failed: TypeError</p>',
    );
  });
});

describe("an operator", () => {
  it("may have a token of any letters, and a client that writes schemes in small ones", async () => {
    const changes = { WANDSTORE_OPERATOR_TOKEN: "ein Schlüssel: für 鍵" };
    const bytes = new TextEncoder().encode(`me:${changes.WANDSTORE_OPERATOR_TOKEN}`);
    const authorization = `basic ${btoa(String.fromCharCode(...bytes))}`;
    expect((await read("/status", { authorization }, changes)).response.status).toBe(200);
    const known = { authorization: `bearer ${TOKEN}` };
    expect((await read("/metrics", known)).response.status).toBe(200);
  });

  it.each(["/metrics", "/status", "/metrics?instance=shop-0"])(
    "is who knows the token: %s",
    async (path) => {
      const strangers = [
        "",
        "Bearer",
        `Bearer ${TOKEN}x`,
        TOKEN,
        "Basic no",
        `Basic ${btoa(TOKEN)}`,
      ];
      for (const authorization of strangers) {
        const { response, text } = await read(path, { authorization });
        expect([response.status, text.includes("wandstore_")]).toEqual([401, false]);
      }
      for (const unset of [undefined, ""]) {
        const changes = { WANDSTORE_OPERATOR_TOKEN: unset };
        const { response } = await read(path, { authorization: "Bearer " }, changes);
        expect(response.status).toBe(401);
      }
    },
  );

  it("sees an instance of the container as it sees itself, and does not wake it", async () => {
    const requests: [string, string, string | null][] = [];
    const CONTAINER = fakeContainer(async (request, instance) => {
      requests.push([request.url, instance, request.headers.get("authorization")]);
      return instance === "shop-1"
        ? new Response("wandstore_pages_composing 0\n")
        : new Response(null, { status: 204 });
    });
    const ask = (path: string) => read(path, OPERATOR, { CONTAINER });
    expect((await ask("/metrics?instance=shop-1")).text).toBe("wandstore_pages_composing 0\n");
    const asleep = await ask("/status?instance=shop-2");
    expect([asleep.response.status, asleep.text]).toEqual([200, "# asleep\n"]);
    expect(requests).toEqual([
      ["http://if-awake.internal/metrics", "shop-1", `Bearer ${TOKEN}`],
      ["http://if-awake.internal/status", "shop-2", `Bearer ${TOKEN}`],
    ]);
    for (const unknown of ["shop-3", "", "anything"])
      expect((await ask(`/metrics?instance=${unknown}`)).response.status).toBe(404);
  });
});
