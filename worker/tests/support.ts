// A shop for tests: the real Worker's answers, with parts of its surroundings put out of order.

import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";

import { handleRequest } from "../src/handler.ts";
import type { Env } from "../src/env.ts";
import { cacheKey } from "../src/pages/cache.ts";
import { personaHash } from "../src/personas/key.ts";
import type { Persona } from "../src/personas/persona.ts";
import { AssetStore, type Shop } from "../src/assets/store.ts";
import { cookieName, SessionSigner, COOKIE_LIFETIME } from "../src/session/cookies.ts";

export const SHOPPER = `shop_${"0123456789abcdef".repeat(2)}`;
export const OTHER = `shop_${"fedcba9876543210".repeat(2)}`;
export const COLLECTOR: Persona = {
  type: "collector",
  confidence: 0.7,
  signals: { avg_order_value: 120, category_preferences: ["Lamps"], price_sensitivity: "low", browsing_patterns: ["lingers"] },
};

/** Patient where a test waits for nothing, impatient where it shows that nobody waits. */
const IMPATIENT = { LOOKUP_MS: "40", KEPT_WAIT_MS: "40", SEARCH_MS: "40", RETRY_UNIT_MS: "1" };

type Changes = Partial<Record<keyof Env, unknown>>;
type Happening = Record<string, unknown>;

export interface Answered {
  readonly response: Response;
  readonly text: string;
  /** Settles when all has that went on after the answer. */
  readonly later: Promise<unknown>;
  /** What was told of it. */
  readonly told: Happening[];
}

/** Answers a request as the Worker does; `changes` replaces parts of its environment. */
export async function visit(path: string, init: RequestInit = {}, changes: Changes = {}): Promise<Answered> {
  const works: Promise<unknown>[] = [];
  const told: Happening[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void told.push(JSON.parse(line) as Happening));
  const context = { waitUntil: (work: Promise<unknown>) => void works.push(work) };
  const response = await handleRequest(requestFor(path, init), surroundings(changes), context);
  const text = await response.clone().text();
  return { response, text, later: Promise.all(works), told };
}

/** Answers a request and leaves the answer's body unread. */
export async function open(path: string, init: RequestInit = {}, changes: Changes = {}): Promise<Response> {
  vi.spyOn(console, "log").mockImplementation(() => {});
  return handleRequest(requestFor(path, init), surroundings(changes), { waitUntil: () => {} });
}

function requestFor(path: string, init: RequestInit): Request {
  return new Request(`https://shop.example${path}`, { redirect: "manual", ...init });
}

function surroundings(changes: Changes): Env {
  return { ...env, ...IMPATIENT, EVENTS: undefined, CONTAINER: asleep, ...changes } as unknown as Env;
}

export async function demo(): Promise<Shop> {
  const shop = await new AssetStore(env.ASSETS).shop("demo");
  if (shop === null) throw new Error("the demo shop is not published");
  return shop;
}

export async function cookieOf(shopperId: string, shopId = "demo", expires = inHalfAYear()): Promise<string> {
  const signature = await new SessionSigner(env.SESSION_SECRET ?? "").sign(shopperId, shopId, expires);
  return `${cookieName(shopId)}=${shopperId}.${expires}.${signature}`;
}

function inHalfAYear(): number {
  return Math.floor(Date.now() / 1000) + COOKIE_LIFETIME;
}

/** Empties KV and D1, and makes the tables. */
export async function migrated(): Promise<void> {
  await reset();
  await applyD1Migrations(env.DB, env.MIGRATIONS);
}

/** Makes a persona the shopper's current one, as the container writes it. */
export async function become(shopperId: string, persona: Persona, hash?: string): Promise<string> {
  const known = hash ?? (await personaHash(persona));
  const at = "2026-01-01T00:00:00.000Z";
  await env.DB.batch([
    env.DB.prepare("INSERT OR REPLACE INTO shoppers VALUES (?, 'demo', NULL, ?, ?, ?)").bind(shopperId, at, at, known),
    env.DB.prepare("INSERT OR REPLACE INTO personas VALUES (?, ?, ?, ?, ?, ?)").bind(
      known, shopperId, persona.type, persona.confidence, JSON.stringify(persona.signals), at,
    ),
  ]);
  return known;
}

/** Keeps a page as the container does; `changes` replaces parts of the value. */
export async function keep(shopperId: string, hash: string, html: string, changes: Record<string, unknown> = {}): Promise<void> {
  const shop = await demo();
  const value = {
    version: 1,
    ui: { html, components: [] },
    meta: { persona_hash: hash, content: shop.content },
    shop_context: { shop_id: shop.id, product_count: 1 },
    ...changes,
  };
  await env.KV.put(cacheKey(shopperId, hash), JSON.stringify(value));
}

export function pageOf(shopperId: string): string {
  return `<!doctype html><html><body><main>the page of ${shopperId}</main></body></html>`;
}

export type Serve = (request: Request, instance: string) => Promise<Response>;

/** A container binding that answers as it is told to. */
export function container(serve: Serve): unknown {
  return { idFromName: (name: string) => name, get: (name: string) => ({ fetch: (request: Request) => serve(request, name) }) };
}

/** What is there where a test says nothing of a container: one that does not start. */
const asleep = container(async () => new Response("There is no container instance", { status: 503 }));

export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}
