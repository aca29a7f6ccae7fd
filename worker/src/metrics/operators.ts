// GET /metrics and /status: what the Worker itself did, and what an instance of the container says.

import { IF_AWAKE } from "../container/client.ts";
import type { RequestContext } from "../context.ts";
import { healthReport } from "../health.ts";
import { fileHeaders, json } from "../responses.ts";
import { EXPOSITION } from "../shared/constants.ts";
import { withTimeout } from "../util/timeout.ts";
import { presentsToken } from "../util/token.ts";
import type { Counts } from "./counts.ts";
import { exposition, figures } from "./exposition.ts";
import { statusPage } from "./status_page.ts";

const TIMEOUT_MS = 5_000;
const NO_STORE = { "cache-control": "no-store" };

/** Answer an operator; 401 to anybody else, as the container does. */
export async function handleOperators(
  context: RequestContext,
  name: "metrics" | "status",
): Promise<Response> {
  const { env, request, url } = context;
  if (!presentsToken(request, env.WANDSTORE_OPERATOR_TOKEN)) return unauthorized(name);
  const instance = url.searchParams.get("instance");
  if (instance !== null) return askInstance(context, name, instance);
  return name === "metrics" ? metrics(context) : status(context);
}

function unauthorized(name: "metrics" | "status"): Response {
  const scheme = name === "status" ? 'Basic realm="status", charset="UTF-8"' : "Bearer";
  const error = { code: "UNAUTHORIZED", message: "no valid credential", retryable: false };
  return json({ error }, 401, { "www-authenticate": scheme });
}

async function metrics({ env }: RequestContext): Promise<Response> {
  const headers = fileHeaders({ "content-type": EXPOSITION.CONTENT_TYPE, ...NO_STORE });
  return new Response(exposition(await readCounts(env.METRICS)), { headers });
}

async function status(context: RequestContext): Promise<Response> {
  const counts = await readCounts(context.env.METRICS);
  const report = {
    ...(await healthReport(context)),
    ...figures(counts),
    instances: context.container?.instances ?? [],
  };
  if (context.request.headers.get("accept")?.startsWith("application/json")) return json(report);
  const shop = await context.assets.shop();
  const { static: files } = await context.assets.index();
  const html = statusPage(report, files["insights.css"]?.address ?? "");
  return new Response(html, { headers: { ...shop?.headers, ...NO_STORE } });
}

/** Return what the shop has counted so far; an operator is told where that cannot be had. */
async function readCounts(namespace: RequestContext["env"]["METRICS"]): Promise<Counts> {
  if (namespace === undefined) return new Map();
  return withTimeout(TIMEOUT_MS, namespace.get(namespace.idFromName("shop")).read());
}

/** Return what an instance says, nothing where it sleeps: it is not woken, nor kept awake. */
async function askInstance(
  context: RequestContext,
  name: "metrics" | "status",
  instance: string,
): Promise<Response> {
  const { container, env, request } = context;
  if (container === null || !container.instances.includes(instance))
    return json({ error: { code: "NOT_FOUND", message: "no such instance" } }, 404);
  const headers = {
    accept: request.headers.get("accept") ?? "*/*",
    authorization: `Bearer ${env.WANDSTORE_OPERATOR_TOKEN}`,
  };
  const address = new Request(`http://${IF_AWAKE}/${name}`, { headers });
  const response = await withTimeout(TIMEOUT_MS, container.fetchInstance(address, instance));
  if (response.status !== 204) return response;
  return new Response("# asleep\n", {
    headers: fileHeaders({ "content-type": EXPOSITION.CONTENT_TYPE, ...NO_STORE }),
  });
}
