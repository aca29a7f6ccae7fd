// KV and D1 for a container on this machine, in development: the outbound handlers, behind a token.

import type { Env } from "../env.ts";
import { answerD1 } from "./d1.ts";
import { answerKv } from "./kv.ts";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Answers `/_bindings/kv/...` and `/_bindings/d1/` where a token is set and named and the address is
 * this machine's; null anywhere else, as if there were no such thing. On Cloudflare no request has
 * such an address, and no token is set.
 */
export async function answerBindings(request: Request, env: Env): Promise<Response | null> {
  const url = new URL(request.url);
  const [, , binding = "", ...rest] = url.pathname.split("/");
  if (!LOOPBACK.has(url.hostname) || !carriesToken(request, env.LOCAL_BINDINGS_TOKEN)) return null;
  const inside = new Request(`http://${binding}.internal/${rest.join("/")}${url.search}`, request);
  if (binding === "kv") return answerKv(inside, env);
  return binding === "d1" ? answerD1(inside, env) : null;
}

function carriesToken(request: Request, token: string | undefined): boolean {
  if (token === undefined || token === "") return false;
  const encoder = new TextEncoder();
  const given = encoder.encode(request.headers.get("authorization") ?? "");
  const wanted = encoder.encode(`Bearer ${token}`);
  return given.byteLength === wanted.byteLength && crypto.subtle.timingSafeEqual(given, wanted);
}
