// The bindings are open to a container on this machine and to nobody else.

import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { Env } from "../env.ts";
import { handleRequest } from "../handler.ts";

const TOKEN = "a token for this machine";

async function put(
  host: string,
  token: string | null,
  changes: Partial<Env> = { LOCAL_BINDINGS_TOKEN: TOKEN },
): Promise<number> {
  vi.spyOn(console, "log").mockImplementation(() => {});
  const headers: Record<string, string> =
    token === null ? {} : { authorization: `Bearer ${token}` };
  const request = new Request(`http://${host}/_bindings/kv/key?ttl=60`, {
    method: "PUT",
    body: "x",
    headers,
  });
  const response = await handleRequest(request, { ...env, ...changes }, { waitUntil: () => {} });
  return response.status;
}

describe("the bindings", () => {
  it("are open on this machine to whoever has the token", async () => {
    expect(await put("127.0.0.1:8787", TOKEN)).toBe(204);
    expect(await env.KV.get("key")).toBe("x");
  });

  it.each([
    ["to another token", "127.0.0.1", "another"],
    ["without a token", "127.0.0.1", null],
    ["at an address of the world", "shop.example", TOKEN],
  ])("are as if they were not there: %s", async (_, host, token) => {
    expect(await put(host, token)).toBe(404);
  });

  it("are not there at all where no token is set", async () => {
    for (const changes of [{}, { LOCAL_BINDINGS_TOKEN: "" }]) {
      expect(await put("127.0.0.1", "", changes)).toBe(404);
    }
  });
});
