// Forgetting a shopper: told as published, done by the container, and never said where it is not.

import { describe, expect, it } from "vitest";

import { fakeContainer, send } from "../../tests/support.ts";

const OURS = { "sec-fetch-site": "same-origin", cookie: "shopper_demo=x" };

function erasing(requests: Request[]): unknown {
  return fakeContainer(async (request) => {
    requests.push(request.clone());
    const headers = new Headers({ location: "/forget?done=1" });
    headers.append("set-cookie", "shopper_demo=; Max-Age=0; Path=/");
    headers.append("set-cookie", "basket_demo=; Max-Age=0; Path=/");
    return new Response(null, { status: 303, headers });
  });
}

describe("what is known of a shopper", () => {
  it("is told as published, and so is that it is erased", async () => {
    const requests: Request[] = [];
    const env = { CONTAINER: erasing(requests) };
    expect((await send("/forget", {}, env)).text).toContain(
      '<form method="post" action="/forget">',
    );
    const { text } = await send("/s/demo/forget?done=1", {}, env);
    expect(text).toContain("You are forgotten");
    expect(text).not.toContain("<form");
    expect(requests).toEqual([]);
  });

  it("is erased by the container, and both cookies end", async () => {
    const requests: Request[] = [];
    const options = { method: "POST", headers: OURS, redirect: "manual" as const };
    const { response } = await send("/forget", options, { CONTAINER: erasing(requests) });
    expect([response.status, response.headers.get("location")]).toEqual([303, "/forget?done=1"]);
    expect(response.headers.getSetCookie()).toHaveLength(2);
    expect(requests.map((request) => [request.method, new URL(request.url).pathname])).toEqual([
      ["POST", "/s/demo/forget"],
    ]);
    expect(requests[0]?.headers.get("cookie")).toBe(OURS.cookie);
    expect(requests[0]?.headers.get("sec-fetch-site")).toBe("same-origin");
  });

  it("is not said to be erased where no container answers", async () => {
    const { response, text } = await send(
      "/forget",
      { method: "POST", headers: OURS },
      { CONTAINER: undefined },
    );
    expect(response.status).toBe(503);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(text).toContain("Something went wrong");
  });
});
