// The store page: cached, or the shell at once; whatever fails, and never somebody else's.

import { beforeEach, describe, expect, it } from "vitest";

import {
  COLLECTOR,
  fakeContainer,
  generating,
  never,
  OTHER_SHOPPER,
  pageHtml,
  resetStorage,
  SHOPPER,
  send,
  sessionCookie,
  storePage,
  storePersona,
} from "../../tests/support.ts";
import { personaHash } from "../personas/key.ts";
import { NEWCOMER } from "../personas/persona.ts";

beforeEach(resetStorage);

const failing = () => Promise.reject(new Error("out of order"));
const failingContainer = fakeContainer(failing);

describe("a new shopper", () => {
  it("gets the shell at once, a cookie, and a page that is being composed", async () => {
    const requests: Request[] = [];
    const { response, text, background, events } = await send(
      "/store",
      {},
      { CONTAINER: generating("", requests) },
    );
    expect(response.status).toBe(200);
    expect(response.headers.get("x-wandstore-page")).toBe("shell");
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-shopper_demo=shop_[0-9a-f]{32}\./);
    expect(text).toContain('data-stream="/s/demo/stream/edge"');
    await background;
    expect(requests).toHaveLength(1);
    expect(events).toContainEqual(
      expect.objectContaining({ how: "shell", kv: "unasked", shared: "miss", db: "unasked" }),
    );
  });

  it("is told to the container as the one the cookie names, a newcomer, with what the shop sells", async () => {
    const requests: Request[] = [];
    const headers = { "cf-connecting-ip": "192.0.2.7" };
    const { response, background } = await send(
      "/store",
      { headers },
      { CONTAINER: generating("", requests) },
    );
    await background;
    const [request] = requests;
    expect(request?.headers.get("cf-connecting-ip")).toBe("192.0.2.7");
    const body = (await request?.json()) as Record<string, unknown>;
    expect(request?.headers.get("authorization")).toBe("Bearer a credential for tests");
    expect(response.headers.get("set-cookie")).toContain(`=${String(body["shopper_id"])}.`);
    expect(body).toMatchObject({
      persona: NEWCOMER,
      options: {},
      shop: { shop_id: "demo", brand_guidelines: { primary_color: "#2f4257" } },
    });
    expect((body["shop"] as { products: unknown[] }).products[0]).toMatchObject({
      id: expect.any(String),
      price: expect.any(Number),
    });
  });

  it("leaves no trace of their own in KV, which would remember for a minute that there is nothing", async () => {
    const keys: string[] = [];
    const KV = { get: async (key: string) => (keys.push(key), null) };
    await (await send("/store", {}, { KV, CONTAINER: generating("") })).background;
    expect(keys).toEqual([`plan:demo:${await personaHash(NEWCOMER)}`]);
  });

  it.each([
    ["failing", "failed"],
    ["slow", "slow"],
    ["absent", "absent"],
  ])("gets the shell while KV is %s", async (state, shared) => {
    const changes = { KV: KVS[`KV ${state}`] ?? undefined, CONTAINER: failingContainer };
    const { response, events } = await send("/store", {}, changes);
    expect(response.headers.get("x-wandstore-page")).toBe("shell");
    expect(events).toContainEqual(expect.objectContaining({ how: "shell", shared }));
  });
});

describe("a shopper who returns", () => {
  it("gets the kept page, whole, and the container is not asked", async () => {
    const hash = await storePersona(SHOPPER, COLLECTOR);
    await storePage(SHOPPER, hash, pageHtml(SHOPPER));
    const requests: Request[] = [];
    const headers = { cookie: await sessionCookie(SHOPPER) };
    const { response, text, background, events } = await send(
      "/store",
      { headers },
      { CONTAINER: generating("", requests) },
    );
    await background;
    expect(text).toBe(pageHtml(SHOPPER));
    expect(response.headers.get("x-wandstore-page")).toBe("kept");
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(requests).toEqual([]);
    expect(events).toEqual([
      expect.objectContaining({
        how: "kept",
        kv: "hit",
        shared: "unasked",
        db: "hit",
        persona: "collector",
        late: false,
      }),
    ]);
  });

  it("is not sent again what the browser has", async () => {
    await storePage(SHOPPER, await personaHash(NEWCOMER), pageHtml(SHOPPER));
    const cookie = await sessionCookie(SHOPPER);
    const first = await send("/store", { headers: { cookie } });
    const etag = first.response.headers.get("etag") ?? "";
    const second = await send("/store", { headers: { cookie, "if-none-match": `W/${etag}` } });
    expect([second.response.status, second.text]).toEqual([304, ""]);
  });

  it("gets at once the page that the container has and KV does not show yet", async () => {
    const headers = { cookie: await sessionCookie(SHOPPER) };
    const changes = { CONTAINER: generating(pageHtml(SHOPPER)), KEPT_WAIT_MS: "5000" };
    const { response, text, events } = await send("/store", { headers }, changes);
    expect(text).toBe(pageHtml(SHOPPER));
    expect(response.headers.get("x-wandstore-page")).toBe("kept");
    expect(events).toContainEqual(
      expect.objectContaining({ event: "page", how: "kept", kv: "miss", late: true }),
    );
  });

  it("gets the page drawn anew where what is kept is outdated", async () => {
    await storePage(SHOPPER, await personaHash(NEWCOMER), pageHtml(OTHER_SHOPPER), {
      meta: { content: "before" },
    });
    const headers = { cookie: await sessionCookie(SHOPPER) };
    const { text } = await send(
      "/store",
      { headers },
      { CONTAINER: generating(pageHtml(SHOPPER)), KEPT_WAIT_MS: "5000" },
    );
    expect(text).toBe(pageHtml(SHOPPER));
  });

  it("gets the shell of their kind where nothing is finished", async () => {
    await storePersona(SHOPPER, COLLECTOR);
    const { text } = await send(
      "/store",
      { headers: { cookie: await sessionCookie(SHOPPER) } },
      { CONTAINER: failingContainer },
    );
    expect(text).toContain('data-persona="collector"');
  });

  it.each([
    ["an error", { status: "error", ui: { html: "<p>no</p>" } }],
    ["no HTML", { status: "success", ui: {} }],
    ["nothing", null],
  ])("gets the shell where the container answers with %s", async (_, body) => {
    const headers = { cookie: await sessionCookie(SHOPPER) };
    const changes = {
      CONTAINER: fakeContainer(async () => Response.json(body)),
      KEPT_WAIT_MS: "5000",
    };
    const { response } = await send("/store", { headers }, changes);
    expect(response.headers.get("x-wandstore-page")).toBe("shell");
  });
});

describe("a cookie that is not the shopper's own", () => {
  it.each([
    ["forged", async () => (await sessionCookie(SHOPPER)).slice(0, -1) + "x"],
    ["expired", () => sessionCookie(SHOPPER, "demo", Math.floor(Date.now() / 1000) - 1)],
    [
      "of another shop",
      async () =>
        (await sessionCookie(SHOPPER, "corner")).replace("shopper_corner", "shopper_demo"),
    ],
    ["of another secret", async () => `shopper_demo=${SHOPPER}.1900000000.${"A".repeat(43)}`],
  ])("%s: a new shopper, and nobody else's page", async (_, makeCookie) => {
    await storePage(SHOPPER, await personaHash(NEWCOMER), pageHtml(SHOPPER));
    const { response, text } = await send(
      "/store",
      { headers: { cookie: await makeCookie() } },
      { CONTAINER: failingContainer },
    );
    expect(response.status).toBe(200);
    expect(text).not.toContain(SHOPPER);
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-shopper_demo=/);
    expect(response.headers.get("set-cookie")).not.toContain(SHOPPER);
  });
});

const KVS: Record<string, unknown> = {
  "KV whole": undefined,
  "KV failing": { get: failing },
  "KV slow": { get: never },
  "KV absent": null,
};
const DATABASES: Record<string, unknown> = {
  "D1 whole": undefined,
  "D1 failing": { prepare: () => ({ bind: () => ({ first: failing }) }) },
  "D1 slow": { prepare: () => ({ bind: () => ({ first: never }) }) },
  "D1 absent": null,
};
const CONTAINERS: Record<string, unknown> = {
  "container whole": generating(pageHtml(SHOPPER)),
  "container failing": failingContainer,
  "container refusing": fakeContainer(
    async () => new Response("too many requests", { status: 429 }),
  ),
  "container broken": fakeContainer(
    async () => new Response("Failed to start container", { status: 500 }),
  ),
  "container slow": fakeContainer(never),
  "container absent": null,
};
const stores = Object.keys(KVS).flatMap((kv) =>
  Object.keys(DATABASES).map((db) => [kv, db] as const),
);

describe("with any part out of order", () => {
  it.each(stores)(
    "%s, %s, whatever the container does: the shop is open, and is the shopper's own",
    async (kv, db) => {
      const hash = await storePersona(SHOPPER, COLLECTOR);
      for (const key of [hash, await personaHash(NEWCOMER)])
        await storePage(SHOPPER, key, pageHtml(SHOPPER));
      for (const [upstream, container] of Object.entries(CONTAINERS)) {
        const changes: Record<string, unknown> = { CONTAINER: container ?? undefined };
        if (kv !== "KV whole") changes["KV"] = KVS[kv] ?? undefined;
        if (db !== "D1 whole") changes["DB"] = DATABASES[db] ?? undefined;
        const { response, text, events } = await send(
          "/store",
          { headers: { cookie: await sessionCookie(SHOPPER) } },
          changes,
        );
        expect(response.status, upstream).toBe(200);
        expect(text, upstream).toMatch(/^<!doctype html>[\s\S]*<\/html>\s*$/);
        const how = response.headers.get("x-wandstore-page");
        if (kv === "KV whole") expect(how, upstream).toBe("kept");
        else if (upstream !== "container whole") expect(how, upstream).toBe("shell");
        expect(how === "kept" ? text : "", upstream).toBe(how === "kept" ? pageHtml(SHOPPER) : "");
        const page = events.find((event) => event["event"] === "page");
        const found = { whole: "hit", failing: "failed", slow: "slow", absent: "absent" };
        const state = kv.slice("KV ".length) as keyof typeof found;
        expect(page, upstream).toMatchObject({ how, kv: found[state] });
        expect(JSON.stringify(events), upstream).not.toContain(SHOPPER);
      }
    },
  );

  it("not even the secret is there: the shell, for nobody in particular", async () => {
    const { response, text, events } = await send(
      "/store",
      {},
      { SESSION_SECRET: undefined, CONTAINER: failingContainer },
    );
    expect([response.status, response.headers.get("set-cookie")]).toEqual([200, null]);
    expect(text).toContain("data-slot");
    expect(events).toEqual([{ event: "failed", where: "store", outcome: "NoSecret" }]);
  });

  it("a secret with a comma that was changed: a shopper is who they were", async () => {
    const before = "a secret, of some length";
    const visit = (headers: Record<string, string>, changes: Record<string, unknown>) =>
      send("/store", { headers }, { CONTAINER: failingContainer, ...changes });
    const first = await visit({}, { SESSION_SECRET: before });
    const [cookie = ""] = (first.response.headers.get("set-cookie") ?? "").split(";");
    const renewed = await visit({ cookie }, { SESSION_SECRETS_BEFORE: JSON.stringify([before]) });
    expect(renewed.response.headers.get("set-cookie")).toContain(cookie.split(".")[0]);
  });

  it("without the secret, what is nobody's is as ever", async () => {
    for (const path of ["/products/oak-board", "/store?category=Lamps", "/robots.txt"]) {
      expect((await send(path, {}, { SESSION_SECRET: undefined })).response.status).toBe(200);
    }
  });

  it("not even the published files: a word, and when to come again", async () => {
    const ASSETS = { fetch: failing };
    const { response } = await send("/store", {}, { ASSETS });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
  });
});

describe("a prefetch", () => {
  const prefetched = async (
    headers: Record<string, string>,
    requests: Request[],
    changes: Record<string, unknown> = {},
  ) => {
    const CONTAINER = generating("", requests);
    const exchange = await send("/store", { headers }, { CONTAINER, ...changes });
    await exchange.background;
    return exchange;
  };

  it.each([
    ["sec-purpose", "prefetch;prerender"],
    ["purpose", "prefetch"],
    ["x-moz", "prefetch"],
  ])("by %s: %s gets a shell whose stream begins the visit, and no cookie", async (name, value) => {
    const requests: Request[] = [];
    const { response, text } = await prefetched({ [name]: value }, requests);
    expect(response.headers.get("x-wandstore-page")).toBe("shell");
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(text).toContain('data-stream="/s/demo/stream/visit"');
    expect(requests).toEqual([]);
  });

  it("for a shopper who returns is their page, where it is kept, and their cookie is not renewed", async () => {
    const hash = await storePersona(SHOPPER, COLLECTOR);
    await storePage(SHOPPER, hash, pageHtml(SHOPPER));
    const old = Math.floor(Date.now() / 1000) + 86_400;
    const cookie = await sessionCookie(SHOPPER, "demo", old);
    const { response, text } = await prefetched({ cookie, "sec-purpose": "prefetch" }, []);
    expect(text).toBe(pageHtml(SHOPPER));
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  it("for a shopper who returns is else the shell of their kind, and nothing is composed", async () => {
    await storePersona(SHOPPER, COLLECTOR);
    const requests: Request[] = [];
    const cookie = await sessionCookie(SHOPPER);
    const { text } = await prefetched({ cookie, "sec-purpose": "prefetch" }, requests);
    expect(text).toContain('data-persona="collector"');
    expect(text).toContain('data-stream="/s/demo/stream/edge"');
    expect(requests).toEqual([]);
  });
});

describe("what is asked for to be used in another page", () => {
  it.each(["image", "script", "iframe", "empty"])(
    "is the catalog page, whoever asks: %s",
    async (destination) => {
      const requests: Request[] = [];
      const CONTAINER = generating("", requests);
      for (const cookie of ["", await sessionCookie(SHOPPER)]) {
        const headers = { cookie, "sec-fetch-dest": destination };
        const { response, text, background } = await send("/store", { headers }, { CONTAINER });
        await background;
        expect(response.headers.get("x-wandstore-page")).toBe("fallback");
        expect(response.headers.get("set-cookie")).toBeNull();
        expect(text).not.toContain("data-stream");
      }
      expect(requests).toEqual([]);
    },
  );
});

describe("HEAD", () => {
  it("has the headers and no body, and sets nothing going", async () => {
    const requests: Request[] = [];
    const { response, text, background } = await send(
      "/store",
      { method: "HEAD" },
      { CONTAINER: generating("", requests) },
    );
    await background;
    expect([response.status, text, requests.length]).toEqual([200, "", 0]);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  });
});
