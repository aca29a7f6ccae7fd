// Telemetry: one point an event, and a page whether or not it can be written.

import { beforeEach, describe, expect, it } from "vitest";

import {
  COLLECTOR,
  pageHtml,
  resetStorage,
  SHOPPER,
  send,
  sessionCookie,
  storePage,
  storePersona,
} from "../tests/support.ts";

beforeEach(resetStorage);

async function sendForCachedPage(EVENTS: unknown) {
  await storePage(SHOPPER, await storePersona(SHOPPER, COLLECTOR), pageHtml(SHOPPER));
  return send("/store", { headers: { cookie: await sessionCookie(SHOPPER) } }, { EVENTS });
}

describe("an event", () => {
  it("is a point with fixed columns, which the queries of docs/deploy.md read", async () => {
    const points: AnalyticsEngineDataPoint[] = [];
    await sendForCachedPage({
      writeDataPoint: (point: AnalyticsEngineDataPoint) => points.push(point),
    });
    expect(points).toEqual([
      {
        indexes: ["page"],
        blobs: ["page", "demo", "kept", "hit", "hit", "collector", "unasked"],
        doubles: [expect.any(Number), 0, 0],
      },
    ]);
  });

  it("that cannot be written costs nobody a page", async () => {
    const { response } = await sendForCachedPage({
      writeDataPoint: () => {
        throw new Error("no");
      },
    });
    expect(response.headers.get("x-wandstore-page")).toBe("kept");
  });

  it("of a stream says whether it was resumed and how often the container was asked", async () => {
    const points: AnalyticsEngineDataPoint[] = [];
    const headers = { cookie: await sessionCookie(SHOPPER), "last-event-id": "1700000000000001" };
    await send(
      "/s/demo/stream/edge",
      { headers },
      { EVENTS: { writeDataPoint: (point: AnalyticsEngineDataPoint) => points.push(point) } },
    );
    const [point] = points;
    expect(point?.blobs?.slice(0, 3)).toEqual(["stream", "demo", "503"]);
    expect(point?.doubles?.slice(1)).toEqual([4, 1]);
  });
});
