// The page that all shoppers of a persona share: sent whole to whoever has none of their own.

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";

import {
  COLLECTOR,
  demoShop,
  generating,
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

/** Return the published files with these moments at which the merchant's rules change. */
function publishedWith(moments: readonly number[]): Record<string, unknown> {
  const fetch = async (address: string): Promise<Response> => {
    const response = await env.ASSETS.fetch(address);
    if (!address.endsWith("/shop.json")) return response;
    return Response.json({ ...(await response.json<object>()), moments });
  };
  return { ASSETS: { fetch } };
}

beforeEach(resetStorage);

describe("the page that shoppers of a persona share", () => {
  const html = pageHtml("all newcomers");

  it("is sent whole in the first answer, with a cookie, and the container is not asked", async () => {
    await storeSharedPage(await personaHash(NEWCOMER), html);
    const requests: Request[] = [];
    const { response, text, background, events } = await send(
      "/store",
      {},
      { CONTAINER: generating("", requests) },
    );
    await background;
    expect(text).toBe(html);
    expect(response.headers.get("x-wandstore-page")).toBe("kept");
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-shopper_demo=shop_[0-9a-f]{32}\./);
    expect(requests).toEqual([]);
    expect(events).toEqual([
      expect.objectContaining({
        how: "kept",
        kv: "unasked",
        shared: "hit",
        db: "unasked",
        persona: "newcomer",
        late: false,
      }),
    ]);
  });

  it.each([
    ["outdated", { meta: { content: "before" } }, "outdated"],
    ["of another shop", { shop_context: { shop_id: "corner" } }, "miss"],
    ["of another version", { version: 2 }, "miss"],
    ["without a required slot", { ui: { html, components: [] } }, "incomplete"],
  ])("is not sent where it is %s: the container is asked", async (_, changes, shared) => {
    await storeSharedPage(await personaHash(NEWCOMER), html, changes);
    const requests: Request[] = [];
    const { response, text, background, events } = await send(
      "/store",
      {},
      { CONTAINER: generating("", requests) },
    );
    await background;
    expect(response.headers.get("x-wandstore-page")).toBe("shell");
    expect(text).toContain('data-stream="/s/demo/stream/edge"');
    expect(requests).toHaveLength(1);
    expect(events).toContainEqual(expect.objectContaining({ how: "shell", shared }));
  });

  it.each([
    ["a crawler", { headers: { "user-agent": "Googlebot/2.1" } }],
    ["a HEAD request", { method: "HEAD" }],
    ["a prefetch", { headers: { "sec-purpose": "prefetch" } }],
  ])("is not for %s, which is nobody's visit", async (_, init) => {
    await storeSharedPage(await personaHash(NEWCOMER), html);
    const { response } = await send("/store", init, { CONTAINER: generating(html) });
    expect(response.headers.get("x-wandstore-page")).not.toBe("kept");
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  it("is the one that was composed ahead once its rules hold, also in place of an own older one", async () => {
    const since = Math.floor(Date.now() / 1000) - 60;
    const hash = await storePersona(SHOPPER, COLLECTOR);
    const { content } = await demoShop();
    await storePage(SHOPPER, hash, "<p>before</p>", { meta: { content, valid_until: since } });
    await storeSharedPage(hash, "<p>before</p>", { meta: { content, valid_until: since } });
    await storeSharedPage(`${hash}@${since}`, html);
    const requests: Request[] = [];
    const headers = { cookie: await sessionCookie(SHOPPER) };
    const seenAt = async (moment: number) => {
      const CONTAINER = generating("", requests);
      const sent = await send("/store", { headers }, { CONTAINER, ...publishedWith([moment]) });
      await sent.background;
      return sent.text;
    };
    expect(await seenAt(since)).toBe(html);
    expect(requests).toEqual([]);
    expect(await seenAt(since - 3600)).toContain("data-stream=");
    expect(requests).toHaveLength(1);
  });

  it("is a returning shopper's as well who has none of their own", async () => {
    const hash = await storePersona(SHOPPER, COLLECTOR);
    await storeSharedPage(hash, html);
    const requests: Request[] = [];
    const headers = { cookie: await sessionCookie(SHOPPER) };
    const { text, background, events } = await send(
      "/store",
      { headers },
      { CONTAINER: generating("", requests) },
    );
    await background;
    expect(text).toBe(html);
    expect(requests).toEqual([]);
    expect(events[0]).toMatchObject({ how: "kept", kv: "miss", shared: "hit", db: "hit" });
  });

  it("is not sent to a shopper whose own page is there, or is to be drawn again", async () => {
    const hash = await personaHash(NEWCOMER);
    await storeSharedPage(hash, html);
    const headers = { cookie: await sessionCookie(SHOPPER) };
    const changes = { CONTAINER: generating(pageHtml(SHOPPER)), KEPT_WAIT_MS: "5000" };
    for (const [content, kv] of [
      [{}, "hit"],
      [{ meta: { content: "before" } }, "outdated"],
    ] as const) {
      await storePage(SHOPPER, hash, pageHtml(SHOPPER), content);
      const { text, events } = await send("/store", { headers }, changes);
      expect(text).toBe(pageHtml(SHOPPER));
      expect(events.at(-1)).toMatchObject({ how: "kept", kv, shared: "unasked" });
    }
  });
});
