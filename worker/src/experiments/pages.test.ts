// Experiments at the edge: the plain page is served as it is, and arms share no page.

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  COLLECTOR,
  demoShop,
  fakeContainer,
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
import type { Experiments } from "./assign.ts";

/** Another than other tests have: the isolate's rate limits outlive them. */
const TELLING = `shop_${"7".repeat(32)}`;
const ALL = 2 ** 32;
const running = (page: string, pins = true, limited = false): Experiments => ({
  holdout: 0,
  running: [
    {
      name: "trial",
      share: ALL,
      begins: null,
      ends: null,
      personas: [],
      arms: [["only", page, ALL, pins, limited]],
    },
  ],
});

/** Return the published files with these experiments among them. */
function published(
  experiments: Experiments,
  moments: readonly number[] = [],
): Record<string, unknown> {
  const fetch = async (address: string): Promise<Response> => {
    const place = /\/(at\/|no-pins\/|plain\/).*\.html$/.exec(address);
    if (place !== null && !address.includes("/at/3/")) return new Response(place[0]);
    const response = await env.ASSETS.fetch(address);
    if (!address.endsWith("/shop.json")) return response;
    return Response.json({ ...(await response.json<object>()), experiments, moments });
  };
  return { ASSETS: { fetch } };
}

beforeEach(resetStorage);

describe("a shopper of a plain arm", () => {
  it("gets what their kind of persona is shown without a page, as the container has it", async () => {
    await storePersona(SHOPPER, COLLECTOR);
    const headers = { cookie: await sessionCookie(SHOPPER) };
    const { text } = await send("/store", { headers }, published(running("plain")));
    expect(text).toBe("/plain/collector.html");
  });

  it("gets the fallback at once, a cookie, and nothing is composed", async () => {
    let requests = 0;
    const CONTAINER = fakeContainer(async () => ((requests += 1), Response.json({})));
    const changes = { ...published(running("plain")), CONTAINER };
    const { response, text, background } = await send("/store", {}, changes);
    await background;
    expect(response.headers.get("x-wandstore-page")).toBe("fallback");
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-shopper_demo=/);
    expect(text).not.toContain("data-stream=");
    expect(text).toContain('data-filled-by="fallback"');
    expect(requests).toBe(0);
  });

  it("has no stream to follow", async () => {
    const headers = { cookie: await sessionCookie(SHOPPER) };
    const { response } = await send(
      "/s/demo/stream/edge",
      { headers },
      published(running("plain")),
    );
    expect(response.status).toBe(404);
  });
});

describe("a shopper of another arm", () => {
  it("gets the page of that arm, and never one from outside of it", async () => {
    const hash = await storePersona(SHOPPER, COLLECTOR);
    await storePage(SHOPPER, hash, "<p>outside</p>");
    await storePage(SHOPPER, `${hash}.trial.only`, "<p>inside</p>");
    const headers = { cookie: await sessionCookie(SHOPPER) };
    expect((await send("/store", { headers })).text).toBe("<p>outside</p>");
    const within = await send("/store", { headers }, published(running("model")));
    expect(within.text).toBe("<p>inside</p>");
  });
});

describe("a shopper of an arm that has stopped itself", () => {
  it("gets the page of who is in no experiment, once KV says so", async () => {
    const hash = await storePersona(SHOPPER, COLLECTOR);
    await storePage(SHOPPER, hash, "<p>outside</p>");
    await storePage(SHOPPER, `${hash}.trial.only`, "<p>inside</p>");
    const headers = { cookie: await sessionCookie(SHOPPER) };
    const seen = async (stopped: object | null, limited = true) => {
      const get = async (name: string, type: "text") => {
        if (name !== "experiments:stopped") return env.KV.get(name, type);
        return stopped === null ? Promise.reject(new Error("KV")) : stopped;
      };
      const changes = { ...published(running("model", true, limited)), KV: { get } };
      return (await send("/store", { headers }, changes)).text;
    };
    expect(await seen({ "trial.only": "refused 1.00 a page" })).toBe("<p>outside</p>");
    expect(await seen({ "trial.other": "refused 1.00 a page" })).toBe("<p>inside</p>");
    expect(await seen({ "trial.only": "by a limit that it no longer has" }, false)).toBe(
      "<p>inside</p>",
    );
    expect(await seen(null)).toBe("<p>inside</p>");
  });
});

describe("the shell", () => {
  const CONTAINER = fakeContainer(async () => Response.json({}));
  const shellOf = async (page: string, pins: boolean, moments: number[] = []) => {
    const changes = { ...published(running(page, pins), moments), CONTAINER };
    const { text, background } = await send("/store", {}, changes);
    await background;
    return text;
  };

  it("is without pins in an arm that has none", async () => {
    expect(await shellOf("model", false)).toBe("/no-pins/shells/newcomer.html");
    expect(await shellOf("model", true)).toContain("data-stream=");
  });

  it("is that of the last moment at which the rules have changed", async () => {
    expect(await shellOf("model", true, [1, 2, 4_000_000_000])).toBe("/at/2/shells/newcomer.html");
    expect(await shellOf("model", false, [2])).toBe("/at/2/no-pins/shells/newcomer.html");
    expect(await shellOf("plain", true, [2])).toBe("/at/2/catalog.html");
    expect(await shellOf("plain", true, [4_000_000_000])).toContain("data-filled-by");
    expect(await shellOf("model", true, [3])).toContain("data-stream=");
    expect(await shellOf("model", false, [3])).toBe("/no-pins/shells/newcomer.html");
  });
});

describe("what was seen of the page", () => {
  const report = {
    events: [
      { kind: "shown", slot: "grid", by: "fallback", products: ["dusk-lamp", "moon-jar"] },
      { kind: "click", slot: "grid", by: "fallback", product: "moon-jar", place: 2 },
    ],
  };
  const tell = async (experiments: Experiments, body: unknown = report) => {
    const headers = {
      "content-type": "application/json",
      "sec-fetch-site": "same-origin",
      "cf-connecting-ip": "10.9.9.9",
      cookie: await sessionCookie(TELLING),
    };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return send("/signals", init, published(experiments));
  };

  it("is counted by day, arm and place, and who saw which arm is noted once", async () => {
    for (let times = 0; times < 2; times += 1)
      expect((await tell({ ...running("plain"), holdout: 1 })).response.status).toBe(204);
    const { results } = await env.DB.prepare(
      "SELECT arm, persona, slot, component, product, place, shown, clicked, visitors, clickers FROM views ORDER BY place",
    ).all();
    const about = { arm: "trial.only", persona: "newcomer", slot: "grid", component: "fallback" };
    expect(results).toEqual([
      { ...about, product: "", place: 0, shown: 2, clicked: 2, visitors: 1, clickers: 1 },
      { ...about, product: "dusk-lamp", place: 1, shown: 2, clicked: 0, visitors: 1, clickers: 0 },
      { ...about, product: "moon-jar", place: 2, shown: 2, clicked: 2, visitors: 1, clickers: 1 },
    ]);
    const exposures = await env.DB.prepare(
      "SELECT experiment, arm, persona FROM exposures ORDER BY experiment",
    ).all();
    expect(exposures.results).toEqual([
      { experiment: "holdout", arm: "rest", persona: "newcomer" },
      { experiment: "trial", arm: "only", persona: "newcomer" },
    ]);
  });

  it("is counted by what decided the page, the shopper's own or that of their persona", async () => {
    const { content } = await demoShop();
    const arm = `${await personaHash(NEWCOMER)}.trial.only`;
    const meta = (decision: string) => ({ meta: { content, decision } });
    await storeSharedPage(arm, "<p>shared</p>", meta("0123456789ab"));
    await tell(running("model"));
    await storePage(TELLING, arm, "<p>own</p>", meta("ba9876543210"));
    await tell(running("model"));
    await tell(running("plain"));
    const { results } = await env.DB.prepare(
      "SELECT decision FROM views WHERE place = 0 ORDER BY decision",
    ).all();
    expect(results.map(({ decision }) => decision)).toEqual(["", "0123456789ab", "ba9876543210"]);
  });

  it("is refused where the shop has no such slot", async () => {
    const body = { events: [{ kind: "shown", slot: "top", by: "hero" }] };
    const { response, text } = await tell(running("plain"), body);
    expect([response.status, JSON.parse(text).error.code]).toEqual([400, "UNKNOWN_SLOT"]);
  });
});
