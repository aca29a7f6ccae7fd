// Crawlers: a page, no cookie, and nothing composed.

import { describe, expect, it } from "vitest";

import { container, visit } from "../tests/support.ts";
import { isCrawler } from "./crawlers.ts";

describe("a crawler", () => {
  it.each(["Mozilla/5.0 (compatible; Googlebot/2.1)", "facebookexternalhit/1.1", "WhatsApp/2.23", "my-Spider 1"])("is %s", (name) => {
    expect(isCrawler(new Request("https://shop.example", { headers: { "user-agent": name } }))).toBe(true);
  });

  it.each(["Mozilla/5.0 (Linux; Android 9; CUBOT_X19) Chrome/90", "Mozilla/5.0 (Macintosh) Safari/605.1.15", ""])("is not %j", (name) => {
    expect(isCrawler(new Request("https://shop.example", { headers: { "user-agent": name } }))).toBe(false);
  });

  it("gets the whole catalog page, no cookie, and nothing is composed for it", async () => {
    let asked = 0;
    const CONTAINER = container(async () => ((asked += 1), Response.json({})));
    const headers = { "user-agent": "Googlebot/2.1" };
    const { response, text, later } = await visit("/store", { headers }, { CONTAINER });
    await later;
    expect([response.status, response.headers.get("set-cookie"), asked]).toEqual([200, null, 0]);
    expect(response.headers.get("x-wandstore-page")).toBe("fallback");
    expect(text).toContain('data-filled-by="fallback"');
    expect(text).not.toContain("data-stream");
  });
});
