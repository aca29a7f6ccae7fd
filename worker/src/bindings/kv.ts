// KV for the container, over HTTP inside its own network: docs/bindings.md says how.

import type { Env } from "../env.ts";
import { errorName, track } from "../telemetry.ts";

const LONGEST_KEY = 512;
const LARGEST_VALUE = 25 * 1024 * 1024;
const SHORTEST_TTL = 60;

export async function answerKv(request: Request, env: Pick<Env, "KV" | "EVENTS">): Promise<Response> {
  const url = new URL(request.url);
  const key = keyOf(url.pathname);
  if (env.KV === undefined) return empty(503);
  if (key === null) return empty(400);
  try {
    return await answerKey(request, url, key, env.KV);
  } catch (error) {
    track(env, { event: "failed", where: `kv ${request.method}`, outcome: errorName(error) });
    return isTooOften(error) ? empty(429) : empty(503);
  }
}

async function answerKey(request: Request, url: URL, key: string, kv: KVNamespace): Promise<Response> {
  if (request.method === "GET") {
    const value = await kv.get(key, "stream");
    return value === null ? empty(404) : new Response(value);
  }
  if (request.method === "DELETE") {
    await kv.delete(key);
    return empty(204);
  }
  return request.method === "PUT" ? keep(request, url, key, kv) : empty(405);
}

async function keep(request: Request, url: URL, key: string, kv: KVNamespace): Promise<Response> {
  const ttl = url.searchParams.get("ttl") ?? "";
  if (!/^\d{1,9}$/.test(ttl) || Number(ttl) < SHORTEST_TTL) return empty(400);
  if (Number(request.headers.get("content-length") ?? "0") > LARGEST_VALUE) return empty(413);
  const value = await request.arrayBuffer();
  if (value.byteLength > LARGEST_VALUE) return empty(413);
  await kv.put(key, value, { expirationTtl: Number(ttl) });
  return empty(204);
}

/** Returns the key of a path of one segment; null where it is none, or longer than KV takes. */
function keyOf(pathname: string): string | null {
  try {
    const key = decodeURIComponent(pathname.slice(1));
    const fits = new TextEncoder().encode(key).length <= LONGEST_KEY;
    return pathname.indexOf("/", 1) < 0 && key !== "" && key !== "." && key !== ".." && fits ? key : null;
  } catch {
    return null;
  }
}

function isTooOften(error: unknown): boolean {
  return error instanceof Error && error.message.includes("429");
}

function empty(status: number): Response {
  return new Response(null, { status });
}
