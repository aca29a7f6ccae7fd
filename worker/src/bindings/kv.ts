// Workers KV for the container, over HTTP inside its own network: docs/bindings.md is the protocol.

import type { Env } from "../env.ts";
import { empty } from "../responses.ts";
import { KV } from "../shared/constants.ts";
import { errorName, track } from "../telemetry.ts";
import { readBody } from "../util/body.ts";

export async function handleKv(
  request: Request,
  env: Pick<Env, "KV" | "EVENTS">,
): Promise<Response> {
  const url = new URL(request.url);
  const key = parseKey(url.pathname);
  if (env.KV === undefined) return empty(503);
  if (key === null) return empty(400);
  try {
    return await handleKey(request, url, key, env.KV);
  } catch (error) {
    track(env, { event: "failed", where: `kv ${request.method}`, outcome: errorName(error) });
    return isRateLimited(error) ? empty(429) : empty(503);
  }
}

async function handleKey(
  request: Request,
  url: URL,
  key: string,
  kv: KVNamespace,
): Promise<Response> {
  if (request.method === "GET") {
    const value = await kv.get(key, "stream");
    return value === null ? empty(404) : new Response(value);
  }
  if (request.method === "DELETE") {
    await kv.delete(key);
    return empty(204);
  }
  return request.method === "PUT" ? put(request, url, key, kv) : empty(405);
}

async function put(request: Request, url: URL, key: string, kv: KVNamespace): Promise<Response> {
  const ttl = url.searchParams.get("ttl") ?? "";
  if (!/^\d{1,9}$/.test(ttl) || Number(ttl) < KV.MIN_TTL) return empty(400);
  const value = await readBody(request, KV.MAX_VALUE_BYTES);
  if (value === null) return empty(413);
  await kv.put(key, value, { expirationTtl: Number(ttl) });
  return empty(204);
}

/** Return the key that a path of one segment names; null where KV would not take it. */
function parseKey(pathname: string): string | null {
  try {
    const key = decodeURIComponent(pathname.slice(1));
    const fits = new TextEncoder().encode(key).length <= KV.MAX_KEY_BYTES;
    return pathname.indexOf("/", 1) < 0 && key !== "" && key !== "." && key !== ".." && fits
      ? key
      : null;
  } catch {
    return null;
  }
}

function isRateLimited(error: unknown): boolean {
  return error instanceof Error && error.message.includes("429");
}
