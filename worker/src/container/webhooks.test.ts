// Webhooks of a store: signed ones are passed on to every instance that is awake, others to none.

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";

import { fakeContainer, type Respond, resetStorage, send } from "../../tests/support.ts";

const SECRET = "the secret of the app";
const STORE = { WANDSTORE_SHOPIFY_STORE: "corner.myshopify.com", WANDSTORE_SHOPIFY_SECRET: SECRET };
const BODY = '{"id":1,"title":"é"}';

beforeEach(resetStorage);

async function signature(body: string, secret = SECRET): Promise<string> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const use = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(secret), use, false, ["sign"]);
  return Buffer.from(await crypto.subtle.sign("HMAC", key, bytes(body))).toString("base64");
}

async function webhook(respond: Respond, init: RequestInit = {}, changes: object = {}) {
  const headers = {
    "x-shopify-hmac-sha256": await signature(BODY),
    "x-shopify-topic": "products/update",
    "x-shopify-webhook-id": "one",
    cookie: "shopper_demo=x",
    ...(init.headers as Record<string, string> | undefined),
  };
  const CONTAINER = fakeContainer(respond);
  const bound = { ...STORE, CONTAINER, CONTAINER_INSTANCES: "3", ...changes };
  return send("/shopify/webhooks", { method: "POST", body: BODY, ...init, headers }, bound);
}

describe("a webhook", () => {
  it("goes to one instance as it came, and to the others if they are awake", async () => {
    const seen: Record<string, unknown>[] = [];
    const { response, events } = await webhook(async (request, instance) => {
      const { host } = new URL(request.url);
      seen.push({
        instance,
        host,
        body: await request.text(),
        ...Object.fromEntries(request.headers),
      });
      return new Response(null, { status: host === "if-awake.internal" ? 204 : 200 });
    });
    expect(response.status).toBe(200);
    expect(events).toEqual([{ event: "webhook", outcome: "200" }]);
    const common = {
      body: BODY,
      "x-shopify-topic": "products/update",
      "x-shopify-webhook-id": "one",
      "x-shopify-hmac-sha256": await signature(BODY),
      authorization: `Bearer ${env.WORKER_SECRET}`,
    };
    expect(seen).toEqual([
      expect.objectContaining({ ...common, instance: "shop-0", host: "container.internal" }),
      expect.objectContaining({ ...common, instance: "shop-1", host: "if-awake.internal" }),
      expect.objectContaining({ ...common, instance: "shop-2", host: "if-awake.internal" }),
    ]);
    expect(seen.some((request) => "cookie" in request)).toBe(false);
  });

  it("that is not signed with the secret, or too large, wakes nobody", async () => {
    const never: Respond = async () => expect.unreachable();
    const signed = async (value: string) => ({ headers: { "x-shopify-hmac-sha256": value } });
    const good = await signature(BODY);
    for (const bad of ["", good.slice(0, -1), `${good}=`, await signature(BODY, "another")]) {
      expect((await webhook(never, await signed(bad))).response.status).toBe(401);
    }
    const large = { body: "x".repeat(2 * 1024 * 1024 + 1) };
    expect((await webhook(never, large)).response.status).toBe(413);
  });

  it("is to be sent again where the container fails or is gone", async () => {
    const failing: Respond = async () => new Response("no instance", { status: 500 });
    expect((await webhook(failing)).response.status).toBe(503);
    const broken: Respond = async () => Promise.reject(new Error("gone"));
    expect((await webhook(broken)).response.status).toBe(503);
    expect((await webhook(failing, {}, { CONTAINER: undefined })).response.status).toBe(503);
  });

  it("has no address where no store is followed", async () => {
    const never: Respond = async () => expect.unreachable();
    for (const name of Object.keys(STORE))
      expect((await webhook(never, {}, { [name]: undefined })).response.status).toBe(404);
    expect((await send("/shopify/webhooks", {}, STORE)).response.status).toBe(405);
    expect((await send("/shopify/webhooks/", { method: "POST" }, STORE)).response.status).toBe(404);
  });
});
