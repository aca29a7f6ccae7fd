// From a request to its answer. Whatever fails on the way, what is left of the shop is open.

import { handleLocalBindings } from "./bindings/local.ts";
import type { Env } from "./env.ts";
import { handleHealth } from "./health.ts";
import { plainText } from "./responses.ts";
import { answerListing } from "./pages/listing.ts";
import { readAddress } from "./pages/listing_query.ts";
import { answerMissing } from "./pages/not_found.ts";
import { answerProduct } from "./pages/product.ts";
import { answerStore, pageHeaders } from "./pages/store.ts";
import { handlePicture, handleStatic } from "./assets/files.ts";
import { AssetStore } from "./assets/store.ts";
import { type Route, routeOf } from "./router.ts";
import { answerSignals } from "./signals/handler.ts";
import { answerStream } from "./stream/handler.ts";
import { errorName, track } from "./telemetry.ts";
import { type Visit, visitOf } from "./context.ts";

export async function answer(request: Request, env: Env, context: Pick<ExecutionContext, "waitUntil">): Promise<Response> {
  const route = routeOf(new URL(request.url).pathname);
  try {
    const bindings = route.to === "bindings" ? await handleLocalBindings(request, env) : null;
    if (bindings !== null) return bindings;
    const allowed = methodsOf(route);
    if (allowed.length > 0 && !allowed.includes(request.method)) {
      return plainText("Method Not Allowed", 405, { allow: allowed.join(", ") });
    }
    return forMethod(request, await answerRoute(route, visitOf(request, env, context)));
  } catch (error) {
    track(env, { event: "failed", where: route.to, outcome: errorName(error) });
    return forMethod(request, await lastResort(route, env));
  }
}

/** What may be asked of an address; nothing in particular where there is nothing. */
function methodsOf({ to }: Route): readonly string[] {
  if (to === "nothing" || to === "bindings") return [];
  return to === "signals" ? ["POST"] : ["GET", "HEAD"];
}

async function answerRoute(route: Route, visit: Visit): Promise<Response> {
  switch (route.to) {
    case "store":
      return inShop(route.shop, visit);
    case "stream": {
      const shop = await visit.assets.shop(route.shop);
      return shop === null ? plainText("no such page", 404) : answerStream(visit, shop);
    }
    case "product": {
      const shop = await visit.assets.shop(route.shop);
      return shop === null ? answerMissing(visit, null) : answerProduct(visit, shop, route.id);
    }
    case "signals":
      return answerSignals(visit, await visit.assets.shop(route.shop));
    case "static":
      return handleStatic(visit, route.name);
    case "picture":
      return handlePicture(visit, route.shop, route.name);
    case "health":
      return handleHealth(visit);
    case "root":
      return new Response(null, { status: 307, headers: { location: "/store" } });
    default:
      return answerMissing(visit, null);
  }
}

async function inShop(id: string | undefined, visit: Visit): Promise<Response> {
  const shop = await visit.assets.shop(id);
  if (shop === null) return answerMissing(visit, null);
  const asked = visit.url.search === "" ? null : readAddress(visit.url.search);
  return asked === null ? answerStore(visit, shop) : answerListing(visit, shop, asked);
}

/** The shell with nobody's name on it: it needs nothing but the published files. */
async function lastResort(route: Route, env: Env): Promise<Response> {
  try {
    const assets = new AssetStore(env.ASSETS);
    const shop = route.to === "store" ? await assets.shop(route.shop) : null;
    const page = shop && (await assets.page(shop, "shells/newcomer.html"));
    if (shop && page) return new Response(page.body, { headers: pageHeaders(shop, "shell", "private, no-store") });
  } catch {
    // Not even the published files can be read.
  }
  return plainText("The shop will be back in a moment.", 503, { "retry-after": "5" });
}

function forMethod(request: Request, response: Response): Response {
  return request.method === "HEAD" ? new Response(null, response) : response;
}
