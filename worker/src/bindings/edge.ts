// What instances of the container share at the edge: docs/bindings.md is the protocol.

import { AssetStore, CHANGING } from "../assets/store.ts";
import type { Claim } from "../budget/shop_ledger.ts";
import type { Env } from "../env.ts";
import { empty } from "../responses.ts";
import { errorName, track } from "../telemetry.ts";
import { readBody } from "../util/body.ts";

const MAX_BODY_BYTES = 8_192;
const MAX_ACCOUNTS = 8;
/** With gzip: what is published may have 25 MiB, and is taken apart in an isolate of 128 MB. */
const MAX_FILE_BYTES = 16_000_000;

export async function handleEdge(request: Request, env: Env): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const [, part = "", ...rest] = pathname.split("/");
  try {
    if (part === "ledger") return await handleLedger(request, env, rest.join("/"));
    const key = searchParams.get("key") ?? "";
    if (part === "files") return await handleFiles(request, env, rest.map(decodeURIComponent), key);
  } catch (error) {
    if (error instanceof URIError) return empty(400);
    track(env, { event: "failed", where: part, outcome: errorName(error) });
    return empty(503);
  }
  return empty(404);
}

async function handleLedger(request: Request, env: Env, act: string): Promise<Response> {
  if (act !== "take" && act !== "give-back") return empty(404);
  if (env.LEDGER === undefined) return empty(503);
  if (request.method !== "POST") return empty(405);
  const order = readOrder(await readBody(request, MAX_BODY_BYTES));
  const ledger = env.LEDGER.get(env.LEDGER.idFromName("shop"));
  if (act === "take")
    return areClaims(order.claims) ? Response.json(await ledger.take(order.claims)) : empty(400);
  if (!isReturn(order)) return empty(400);
  await ledger.giveBack(order.accounts, order.minute, order.tokens);
  return empty(204);
}

async function handleFiles(
  request: Request,
  env: Env,
  segments: readonly string[],
  key: string,
): Promise<Response> {
  if (env.FILES === undefined) return empty(503);
  const assets = new AssetStore(env.ASSETS);
  const { edition } = await assets.index();
  const files = env.FILES.get(env.FILES.idFromName(edition));
  const path = segments.join("/");
  if (path === "" && request.method === "GET") {
    const published = (await (await assets.file("shops/keys.json"))?.json()) as { keys: object };
    const changes = (await files.since(0)).map((change) => [change.path, change.key]);
    const keys = { ...published.keys, ...Object.fromEntries(changes) };
    return Response.json({ ...published, keys });
  }
  if (!CHANGING.test(path)) return empty(404);
  const isRemoval = request.method === "DELETE";
  if (!isRemoval && (request.method !== "PUT" || key === "")) return empty(400);
  const body = isRemoval ? null : await readBody(request, MAX_FILE_BYTES);
  if (body === null && !isRemoval) return empty(413);
  await files.put(path, isRemoval ? "" : key, body?.slice().buffer ?? null);
  return empty(204);
}

interface Return {
  readonly accounts: readonly string[];
  readonly minute: number;
  readonly tokens: number;
}

function readOrder(body: Uint8Array | null): { readonly claims?: unknown } {
  try {
    return Object(JSON.parse(new TextDecoder().decode(body ?? undefined)));
  } catch {
    return {};
  }
}

function areClaims(claims: unknown): claims is readonly Claim[] {
  return isList(claims) && claims.every(isClaim);
}

function isClaim(claim: unknown): boolean {
  const { account, tokens, max_calls, max_tokens = 0 } = Object(claim) as Record<string, unknown>;
  return typeof account === "string" && [tokens, max_calls, max_tokens].every(Number.isFinite);
}

function isReturn(order: object): order is Return {
  const { accounts, minute, tokens } = order as Record<string, unknown>;
  const areNames = isList(accounts) && accounts.every((name) => typeof name === "string");
  return areNames && Number.isInteger(minute) && Number.isInteger(tokens);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && value.length <= MAX_ACCOUNTS;
}
