// Test support: requests to the real Worker, with parts of its environment replaced or failing.

import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { AssetStore, type Shop } from "../src/assets/store.ts";
import type { Env } from "../src/env.ts";
import { handleRequest } from "../src/handler.ts";
import { cacheKey } from "../src/pages/cache.ts";
import { personaHash } from "../src/personas/key.ts";
import type { Persona } from "../src/personas/persona.ts";
import { cookieNames, SessionSigner } from "../src/session/cookies.ts";
import { COOKIES } from "../src/shared/constants.ts";

export const SHOPPER = `shop_${"0123456789abcdef".repeat(2)}`;
export const OTHER_SHOPPER = `shop_${"fedcba9876543210".repeat(2)}`;
export const COLLECTOR: Persona = {
  type: "collector",
  confidence: 0.7,
  signals: {
    avg_order_value: 120,
    category_preferences: ["Lamps"],
    price_sensitivity: "low",
    browsing_patterns: ["lingers"],
  },
};

/** Long enough where a test awaits nothing, short where it shows that nobody waits. */
const SHORT_TIMEOUTS = { LOOKUP_MS: "40", KEPT_WAIT_MS: "40", SEARCH_MS: "40", RETRY_UNIT_MS: "1" };

type EnvChanges = Partial<Record<keyof Env, unknown>>;

export interface Exchange {
  readonly response: Response;
  readonly text: string;
  /** Settles when all work after the response has. */
  readonly background: Promise<unknown>;
  /** The telemetry of the request. */
  readonly events: Record<string, unknown>[];
}

/** Send a request to the Worker; `changes` replaces parts of its environment. */
export async function send(
  path: string,
  init: RequestInit = {},
  changes: EnvChanges = {},
): Promise<Exchange> {
  const tasks: Promise<unknown>[] = [];
  const events: Exchange["events"] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void events.push(JSON.parse(line)));
  const execution = { waitUntil: (task: Promise<unknown>) => void tasks.push(task) };
  const response = await handleRequest(requestFor(path, init), testEnv(changes), execution);
  const text = await response.clone().text();
  return { response, text, background: Promise.all(tasks), events };
}

/** Send a request and leave the response's body unread. */
export async function sendUnread(
  path: string,
  init: RequestInit = {},
  changes: EnvChanges = {},
): Promise<Response> {
  vi.spyOn(console, "log").mockImplementation(() => {});
  return handleRequest(requestFor(path, init), testEnv(changes), { waitUntil: () => {} });
}

function requestFor(path: string, init: RequestInit): Request {
  return new Request(`https://shop.example${path}`, { redirect: "manual", ...init });
}

function testEnv(changes: EnvChanges): Env {
  return {
    ...env,
    ...SHORT_TIMEOUTS,
    EVENTS: undefined,
    METRICS: undefined,
    CONTAINER: stoppedContainer,
    ...changes,
  } as unknown as Env;
}

export async function demoShop(): Promise<Shop> {
  const shop = await new AssetStore(env.ASSETS).shop("demo");
  if (shop === null) throw new Error("the demo shop is not published");
  return shop;
}

export async function sessionCookie(
  shopperId: string,
  shopId = "demo",
  expires = newExpiry(),
): Promise<string> {
  const signature = await new SessionSigner(env.SESSION_SECRET ?? "").sign(
    shopperId,
    shopId,
    expires,
  );
  return `${cookieNames(shopId)[1]}=${shopperId}.${expires}.${signature}`;
}

function newExpiry(): number {
  return Math.floor(Date.now() / 1000) + COOKIES.LIFETIME;
}

const OUR_TABLES = `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL
  AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'd1_*'`;
let tables = "";

/**
 * Empty KV and D1, and create the tables: by all migrations once, then at once as those left them.
 * On a very busy machine tables were seen to be there after all was deleted: it is deleted again.
 */
export async function resetStorage(): Promise<void> {
  await reset();
  if (tables) {
    await env.DB.exec(tables).catch(async () => {
      await reset();
      await env.DB.exec(tables);
    });
    return;
  }
  await applyD1Migrations(env.DB, env.MIGRATIONS);
  const { results } = await env.DB.prepare(OUR_TABLES).all<{ sql: string }>();
  tables = results.map(({ sql }) => sql.replaceAll(/\s+/g, " ")).join("\n");
}

/** Make a persona the shopper's current one, as the container writes it. */
export async function storePersona(shopperId: string, persona: Persona): Promise<string> {
  const hash = await personaHash(persona);
  const at = "2026-01-01T00:00:00.000Z";
  await env.DB.batch([
    env.DB.prepare("INSERT OR REPLACE INTO shoppers VALUES (?, 'demo', NULL, ?, ?, ?)").bind(
      shopperId,
      at,
      at,
      hash,
    ),
    env.DB.prepare("INSERT OR REPLACE INTO personas VALUES (?, ?, ?, ?, ?, ?)").bind(
      hash,
      shopperId,
      persona.type,
      persona.confidence,
      JSON.stringify(persona.signals),
      at,
    ),
  ]);
  return hash;
}

/** Store a page as the container does; `changes` replaces parts of the value. */
export async function storePage(
  shopperId: string,
  hash: string,
  html: string,
  changes: Record<string, unknown> = {},
): Promise<void> {
  const value = { ...(await pageValue(hash, html, [])), ...changes };
  await env.KV.put(cacheKey(shopperId, hash), JSON.stringify(value));
}

/** Store the page that all shoppers of a persona share, with every slot that is required. */
export async function storeSharedPage(
  hash: string,
  html: string,
  changes: Record<string, unknown> = {},
): Promise<void> {
  const { required } = await demoShop();
  const value = { ...(await pageValue(hash, html, required)), ...changes };
  await env.KV.put(`plan:demo:${hash}`, JSON.stringify(value));
}

async function pageValue(hash: string, html: string, slots: readonly string[]): Promise<object> {
  const shop = await demoShop();
  return {
    version: 1,
    ui: { html, components: slots.map((slot) => ({ type: slot, id: slot, config: {} })) },
    meta: { persona_hash: hash, content: shop.content },
    shop_context: { shop_id: shop.id, product_count: 1 },
  };
}

export function pageHtml(shopperId: string): string {
  return `<!doctype html><html><body><main>the page of ${shopperId}</main></body></html>`;
}

export type Respond = (request: Request, instance: string) => Promise<Response>;

/** Return a container binding whose instances respond so. */
export function fakeContainer(respond: Respond): unknown {
  return {
    idFromName: (name: string) => name,
    get: (name: string) => ({ fetch: (request: Request) => respond(request, name) }),
  };
}

/** Return a container that has this page finished; it notes the requests it gets. */
export function generating(html: string, requests: Request[] = []): unknown {
  return fakeContainer(async (request) => {
    requests.push(request.clone());
    return Response.json({ status: "success", ui: { html } });
  });
}

/** The container of tests that name none: one that does not start. */
const stoppedContainer = fakeContainer(
  async () => new Response("There is no container instance", { status: 503 }),
);

export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}
