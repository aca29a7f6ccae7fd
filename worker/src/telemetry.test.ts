// What is told: one line and one point each, and a page whether or not either can be written.

import { beforeEach, describe, expect, it } from "vitest";

import { become, COLLECTOR, cookieOf, keep, migrated, pageOf, SHOPPER, visit } from "../tests/support.ts";

beforeEach(migrated);

async function keptPage(EVENTS: unknown) {
  await keep(SHOPPER, await become(SHOPPER, COLLECTOR), pageOf(SHOPPER));
  return visit("/store", { headers: { cookie: await cookieOf(SHOPPER) } }, { EVENTS });
}

describe("a happening", () => {
  it("is a point with fixed columns, which the queries of docs/deploy.md read", async () => {
    const points: AnalyticsEngineDataPoint[] = [];
    await keptPage({ writeDataPoint: (point: AnalyticsEngineDataPoint) => points.push(point) });
    expect(points).toEqual([
      {
        indexes: ["page"],
        blobs: ["page", "demo", "kept", "hit", "hit", "collector"],
        doubles: [expect.any(Number), 0, 0],
      },
    ]);
  });

  it("that cannot be written costs nobody a page", async () => {
    const { response } = await keptPage({ writeDataPoint: () => { throw new Error("no"); } });
    expect(response.headers.get("x-wandstore-page")).toBe("kept");
  });

  it("of a stream says whether it was resumed and how often the container was asked", async () => {
    const points: AnalyticsEngineDataPoint[] = [];
    const headers = { cookie: await cookieOf(SHOPPER), "last-event-id": "1700000000000001" };
    await visit("/s/demo/stream/edge", { headers }, { EVENTS: { writeDataPoint: (point: AnalyticsEngineDataPoint) => points.push(point) } });
    const [point] = points;
    expect(point?.blobs?.slice(0, 3)).toEqual(["stream", "demo", "503"]);
    expect(point?.doubles?.slice(1)).toEqual([4, 1]);
  });
});
