// Crawlers get a page, no cookie, and nothing generated.

import { describe, expect, it } from "vitest";

import agents from "../../tests/contract/crawlers.json";
import { fakeContainer, send } from "../tests/support.ts";
import { isCrawler } from "./crawlers.ts";

describe("a crawler", () => {
  it.each(agents)("is told as by the container: $name", ({ agent, crawler }) => {
    const request = new Request("https://shop.example", { headers: { "user-agent": agent } });
    expect(isCrawler(request)).toBe(crawler);
  });

  it("gets the whole catalog page, no cookie, and nothing is composed for it", async () => {
    let requests = 0;
    const CONTAINER = fakeContainer(async () => ((requests += 1), Response.json({})));
    const headers = { "user-agent": "Googlebot/2.1" };
    const { response, text, background } = await send("/store", { headers }, { CONTAINER });
    await background;
    expect([response.status, response.headers.get("set-cookie"), requests]).toEqual([200, null, 0]);
    expect(response.headers.get("x-wandstore-page")).toBe("fallback");
    expect(text).toContain('data-filled-by="fallback"');
    expect(text).not.toContain("data-stream");
  });
});
