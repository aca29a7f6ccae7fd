// Handle a request. Whatever fails on the way, the shop stays open: with its anonymous shell.

import { fileNotFound, handleRootFile, handleStatic } from "./assets/files.ts";
import { handleLocalBindings } from "./bindings/local.ts";
import { handleWebhook } from "./container/webhooks.ts";
import { createContext, openAssets, type RequestContext } from "./context.ts";
import type { Env } from "./env.ts";
import { handleHealth } from "./health.ts";
import { handleOperators } from "./metrics/operators.ts";
import { handleBasket } from "./pages/basket.ts";
import { handleForget } from "./pages/forget.ts";
import { handleListing } from "./pages/listing.ts";
import { parseListingQuery } from "./pages/listing_query.ts";
import { fetchMarkdown } from "./pages/markdown.ts";
import { handleNotFound, servePublished } from "./pages/not_found.ts";
import { handleProduct } from "./pages/product.ts";
import { handleStore, PRIVATE, pageHeaders } from "./pages/store.ts";
import { fileHeaders, plainText } from "./responses.ts";
import { matchRoute, type Route, type ShopRoute } from "./router.ts";
import { HTTP_PROTOCOL } from "./shared/constants.ts";
import { handleSignals } from "./signals/handler.ts";
import { handleStream } from "./stream/handler.ts";
import { errorName, track } from "./telemetry.ts";

export async function handleRequest(
  request: Request,
  env: Env,
  execution: Pick<ExecutionContext, "waitUntil">,
): Promise<Response> {
  const context = createContext(request, env, execution);
  const { pathname, search } = context.url;
  if (pathname.length + search.length > HTTP_PROTOCOL.MAX_TARGET_BYTES)
    return plainText("Request-URI Too Long", 414);
  const route = matchRoute(pathname);
  try {
    const bindings = route.name === "bindings" ? await handleLocalBindings(request, env) : null;
    if (bindings !== null) return bindings;
    const methods = allowedMethods(route);
    if (methods.length > 0 && !methods.includes(request.method)) {
      return plainText("Method Not Allowed", 405, { allow: methods.join(", ") });
    }
    return bodilessForHead(request, await handleRoute(route, context));
  } catch (error) {
    track(env, { event: "failed", where: route.name, outcome: errorName(error) });
    return bodilessForHead(request, await fallbackResponse(route, env));
  }
}

/** Return the methods that a route allows; none where every method gets the same 404. */
function allowedMethods({ name }: Route): readonly string[] {
  if (name === "nothing" || name === "bindings") return [];
  if (name === "signals" || name === "webhooks") return ["POST"];
  return name === "basket" || name === "forget" ? ["GET", "HEAD", "POST"] : ["GET", "HEAD"];
}

async function handleRoute(route: Route, context: RequestContext): Promise<Response> {
  switch (route.name) {
    case "static":
      return handleStatic(context, route.file);
    case "picture":
      return fileNotFound(); // the others are served before the Worker is asked
    case "root_file":
      return (await handleRootFile(context, route.file)) ?? handleNotFound(context, null);
    case "health":
      return handleHealth(context);
    case "metrics":
    case "status":
      return handleOperators(context, route.name);
    case "webhooks":
      return handleWebhook(context);
    case "slash":
      return redirect(308, route.path + context.url.search);
    case "root":
      return redirect(307, "/store");
    case "bindings":
    case "nothing":
      return handleNotFound(context, null);
    default:
      return handleShopRoute(route, context);
  }
}

async function handleShopRoute(route: ShopRoute, context: RequestContext): Promise<Response> {
  const shop = await context.assets.shop(route.shop);
  if (route.name === "signals") return handleSignals(context, shop);
  if (shop === null && route.name === "stream") return plainText("no such page", 404);
  if (shop === null) return handleNotFound(context, null);
  switch (route.name) {
    case "store": {
      const markdown = await fetchMarkdown(context, shop);
      if (markdown !== null) return markdown;
      const query = context.url.search === "" ? null : parseListingQuery(context.url.search);
      return query === null ? handleStore(context, shop) : handleListing(context, shop, query);
    }
    case "stream":
      return handleStream(context, shop, route.page);
    case "categories": {
      const markdown = await fetchMarkdown(context, shop, "/categories");
      return markdown ?? servePublished(context, shop, "categories.html");
    }
    case "product": {
      const path = `/products/${encodeURIComponent(route.id)}`;
      return (await fetchMarkdown(context, shop, path)) ?? handleProduct(context, shop, route.id);
    }
    case "basket":
    case "checkout":
      return handleBasket(context, shop, route.name);
    case "forget":
      return handleForget(context, shop);
  }
}

function redirect(status: 307 | 308, location: string): Response {
  const headers = status === 307 ? { location } : fileHeaders({ location });
  return new Response(null, { status, headers });
}

/** Return the anonymous shell, which needs nothing but the published files. */
async function fallbackResponse(route: Route, env: Env): Promise<Response> {
  try {
    const assets = openAssets(env);
    const shop = route.name === "store" ? await assets.shop(route.shop) : null;
    const page = shop && (await assets.storePage(shop, "shells/newcomer.html"));
    const headers = shop && pageHeaders(shop, "shell", PRIVATE);
    if (headers && page) return new Response(page.body, { headers });
  } catch {
    // Not even the published files can be read.
  }
  return plainText("The shop will be back in a moment.", 503, { "retry-after": "5" });
}

function bodilessForHead(request: Request, response: Response): Response {
  return request.method === "HEAD" ? new Response(null, response) : response;
}
