// The basket at the edge: read as the container writes it, empty as published, else passed through.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import vectors from "../../../tests/contract/basket.json";
import { fakeContainer, send } from "../../tests/support.ts";
import { readBasket } from "../session/basket.ts";
import { SessionSigner } from "../session/cookies.ts";
import { BASKET } from "../shared/constants.ts";

const OURS = { "sec-fetch-site": "same-origin" };

function answering(requests: Request[], respond: () => Response): unknown {
  return fakeContainer(async (request) => {
    requests.push(request.clone());
    return respond();
  });
}

async function basketCookie(lines: readonly unknown[]): Promise<string> {
  const payload = btoa(JSON.stringify(lines)).replaceAll("=", "");
  const signer = new SessionSigner(env.SESSION_SECRET ?? "");
  return `basket_demo=${payload}.${await signer.signText(`basket|demo|${payload}`)}`;
}

describe("a basket's cookie", () => {
  it.each(vectors)("is read as the container reads it: $name", async (vector) => {
    const { cookie, shop_id, secret, lines } = vector;
    expect(await readBasket(cookie, shop_id, new SessionSigner(secret))).toEqual(lines);
  });
});

describe("a basket", () => {
  it("with nothing in it is as published, and wakes no container", async () => {
    const requests: Request[] = [];
    const CONTAINER = answering(requests, () => new Response("", { status: 500 }));
    for (const cookie of ["", "basket_demo=W10.forged", await basketCookie([])]) {
      const { response, text } = await send("/basket", { headers: { cookie } }, { CONTAINER });
      expect(response.status).toBe(200);
      expect(response.headers.get("cache-control")).toBe("private, no-store");
      expect(text).toContain("There is nothing in it yet.");
    }
    expect(requests).toEqual([]);
  });

  it("with something in it is the container's, in the headers of its shop", async () => {
    const requests: Request[] = [];
    const CONTAINER = answering(requests, () => new Response("<p>a lamp</p>"));
    const cookie = await basketCookie([["dusk-lamp", "clay", 1, 14_800, "EUR", "", ""]]);
    const { response, text } = await send(
      "/s/demo/basket",
      { headers: { cookie, dnt: "1", accept: "x" } },
      { CONTAINER },
    );
    expect([response.status, text]).toEqual([200, "<p>a lamp</p>"]);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    const [request] = requests;
    expect(request?.url).toBe("http://container.internal/s/demo/basket");
    expect(new Set(request?.headers.keys())).toEqual(
      new Set(["authorization", "cookie", "dnt", "sec-fetch-site"]),
    );
  });

  it("is changed by the container, and its cookie is for https alone", async () => {
    const requests: Request[] = [];
    const CONTAINER = answering(
      requests,
      () =>
        new Response(null, {
          status: 303,
          headers: { location: "/basket", "set-cookie": "basket_demo=x; Path=/" },
        }),
    );
    const body = "do=add&product=dusk-lamp&variant=clay";
    const { response } = await send(
      "/basket",
      { method: "POST", headers: OURS, body },
      { CONTAINER },
    );
    expect([response.status, response.headers.get("location")]).toEqual([303, "/basket"]);
    expect(response.headers.getSetCookie()).toEqual([
      "__Host-basket_demo=x; Path=/; Secure",
      "basket_demo=; Max-Age=0; Path=/",
    ]);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    expect(await requests[0]?.text()).toBe(body);
    expect(requests[0]?.headers.get("sec-fetch-site")).toBe("same-origin");
  });

  it.each([
    [{}, "cross-site"],
    [{ origin: "https://elsewhere.example" }, "cross-site"],
    [{ origin: "https://shop.example" }, "same-origin"],
    [{ "sec-fetch-site": "same-site", origin: "https://shop.example" }, "cross-site"],
  ])("is told where a form comes from: %j", async (headers, site) => {
    const requests: Request[] = [];
    const CONTAINER = answering(requests, () => new Response("", { status: 403 }));
    const init = { method: "POST", headers: headers as Record<string, string>, body: "do=add" };
    expect((await send("/basket", init, { CONTAINER })).response.status).toBe(403);
    expect(requests[0]?.headers.get("sec-fetch-site")).toBe(site);
  });

  it("gets of a form that is too large what it refuses", async () => {
    const requests: Request[] = [];
    const CONTAINER = answering(requests, () => new Response("", { status: 413 }));
    const body = "x".repeat(1_000_000);
    await send("/basket", { method: "POST", headers: OURS, body }, { CONTAINER });
    expect((await requests[0]?.arrayBuffer())?.byteLength).toBe(BASKET.MAX_BODY_BYTES + 1);
  });

  it("that no container opens is out of reach, which a page says", async () => {
    const cookie = await basketCookie([["dusk-lamp", "clay", 1, 14_800, "EUR", "", ""]]);
    for (const changes of [{}, { CONTAINER: undefined }]) {
      const { response, text } = await send("/basket", { headers: { cookie } }, changes);
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
      expect(text).toContain("The basket is out of reach");
    }
  });
});

describe("a checkout", () => {
  it("leads where the container says", async () => {
    const requests: Request[] = [];
    const location = "https://shop.example.com/cart/4411:2";
    const CONTAINER = answering(
      requests,
      () => new Response(null, { status: 303, headers: { location } }),
    );
    const { response } = await send("/checkout?seen=0123", {}, { CONTAINER });
    expect([response.status, response.headers.get("location")]).toEqual([303, location]);
    expect(requests[0]?.url).toBe("http://container.internal/s/demo/checkout?seen=0123");
  });
});
