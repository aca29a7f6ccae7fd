// Crawlers get a page, no cookie, and nothing generated.

import { describe, expect, it } from "vitest";

import { fakeContainer, send } from "../tests/support.ts";
import { isCrawler } from "./crawlers.ts";

describe("a crawler", () => {
  it.each([
    "Mozilla/5.0 (compatible; Googlebot/2.1)",
    "facebookexternalhit/1.1",
    "WhatsApp/2.23",
    "my-Spider 1",
  ])("is %s", (name) => {
    expect(
      isCrawler(new Request("https://shop.example", { headers: { "user-agent": name } })),
    ).toBe(true);
  });

  it.each([
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) Chrome/90",
    "Mozilla/5.0 (Macintosh) Safari/605.1.15",
    "",
  ])("is not %j", (name) => {
    expect(
      isCrawler(new Request("https://shop.example", { headers: { "user-agent": name } })),
    ).toBe(false);
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
