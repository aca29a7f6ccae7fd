// KV and D1 for a container on this machine, in development: its outbound handlers, behind a token.

import type { Env } from "../env.ts";
import { presentsToken } from "../util/token.ts";
import { handleD1 } from "./d1.ts";
import { handleEdge } from "./edge.ts";
import { handleKv } from "./kv.ts";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Handle `/_bindings/kv/...`, `/_bindings/d1/` and `/_bindings/edge/...` where the request carries the
 * token that is set and the address is this machine's; return null for any other, as if there were no
 * such path. On Cloudflare no request has such an address, and no token is set.
 */
export async function handleLocalBindings(request: Request, env: Env): Promise<Response | null> {
  const url = new URL(request.url);
  const [, , binding = "", ...rest] = url.pathname.split("/");
  if (!LOOPBACK.has(url.hostname) || !presentsToken(request, env.LOCAL_BINDINGS_TOKEN)) return null;
  const inner = new Request(`http://${binding}.internal/${rest.join("/")}${url.search}`, request);
  if (binding === "kv") return handleKv(inner, env);
  if (binding === "edge") return handleEdge(inner, env);
  return binding === "d1" ? handleD1(inner, env) : null;
}
