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
    const { response } = await send("/forget", options, {
      CONTAINER: erasing(requests),
      CONTAINER_INSTANCES: "1",
    });
    expect([response.status, response.headers.get("location")]).toEqual([303, "/forget?done=1"]);
    const ended = response.headers.getSetCookie().map((cookie) => cookie.split("=")[0]);
    const names = ["shopper_demo", "basket_demo"];
    expect(ended).toEqual(names.flatMap((name) => [`__Host-${name}`, name]));
    expect(requests.map((request) => [request.method, new URL(request.url).pathname])).toEqual([
      ["POST", "/s/demo/forget"],
    ]);
    expect(requests[0]?.headers.get("cookie")).toBe(OURS.cookie);
    expect(requests[0]?.headers.get("sec-fetch-site")).toBe("same-origin");
  });

  it("is erased by every instance that is awake, each of which may compose for them", async () => {
    const erase = async (another: () => Promise<Response>) => {
      const asked: string[] = [];
      const CONTAINER = fakeContainer(async (request, instance) => {
        asked.push(`${instance} ${new URL(request.url).hostname} ${await request.text()}`);
        const isFirst = asked.length === 1;
        const location = { location: "/forget?done=1" };
        return isFirst ? new Response(null, { status: 303, headers: location }) : another();
      });
      const options = { method: "POST", headers: OURS, body: "sure=1" };
      const { response } = await send("/forget", options, { CONTAINER });
      return { asked, status: response.status };
    };
    const { asked, status } = await erase(async () => new Response(null, { status: 204 }));
    expect(status).toBe(303);
    expect(new Set(asked.map((line) => line.slice(0, 6)))).toEqual(
      new Set(["shop-0", "shop-1", "shop-2"]),
    );
    expect(asked.map((line) => line.slice(7))).toEqual([
      "container.internal sure=1",
      "if-awake.internal sure=1",
      "if-awake.internal sure=1",
    ]);
    expect((await erase(async () => new Response(null, { status: 303 }))).status).toBe(303);
    expect((await erase(async () => new Response("no", { status: 503 }))).status).toBe(503);
    expect((await erase(() => Promise.reject(new Error("cut")))).status).toBe(503);
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
