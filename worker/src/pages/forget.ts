// What is known of a shopper, as published; the container erases it, wherever it is stored.

import type { Shop } from "../assets/store.ts";
import { IF_AWAKE, instanceFor } from "../container/client.ts";
import type { RequestContext } from "../context.ts";
import { track } from "../telemetry.ts";
import { forward, fromContainer, outOfReach, passOn, routingKey } from "./basket.ts";
import { servePublished } from "./not_found.ts";

const TIMEOUT_MS = 15_000;

export async function handleForget(context: RequestContext, shop: Shop): Promise<Response> {
  const { env, request, url } = context;
  if (request.method !== "POST") {
    return servePublished(
      context,
      shop,
      url.searchParams.has("done") ? "forgotten.html" : "forget.html",
    );
  }
  const response = await eraseEverywhere(context, shop);
  track(env, { event: "forget", shop: shop.id, outcome: String(response?.status ?? "none") });
  return response === null
    ? outOfReach(context, shop, "failed.html")
    : fromContainer(context, shop, response);
}

/**
 * Have the shopper erased, then once more by every other instance that is awake: it may have been
 * composing a page of theirs. Return the first answer that says no, or null where one did not come.
 */
async function eraseEverywhere(context: RequestContext, shop: Shop): Promise<Response | null> {
  const { container, request } = context;
  const createRequest = await passOn(context, shop, "forget");
  const response = await forward(context, shop, createRequest);
  if (container === null || response?.status !== 303) return response;
  const done = instanceFor(routingKey(shop), container.instances.length);
  const others = container.instances.filter((instance) => instance !== done);
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const answers = await Promise.all(
    others.map((instance) =>
      container.fetchInstance(createRequest(signal, IF_AWAKE), instance).catch(() => null),
    ),
  );
  const isDone = (answer: Response | null) => answer?.status === 204 || answer?.status === 303;
  const failed = answers.find((answer) => !isDone(answer));
  return failed === undefined ? response : failed;
}
