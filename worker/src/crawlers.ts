// Detect crawlers, link previews and health checks by user agent, by the container's list.
//
// They get a complete catalog page and no cookie, and no page is generated for them.

import { CRAWLERS } from "./shared/constants.ts";
import { NAMES, OTHERS } from "./shared/crawlers.ts";
import { remembered } from "./util/remembered.ts";

export function isCrawler(request: Request): boolean {
  return isCrawlers((request.headers.get("user-agent") ?? "").slice(0, CRAWLERS.MAX_LENGTH));
}

/** Most shoppers' browsers are one of a few hundred. */
const isCrawlers = remembered(
  (agent) =>
    CRAWLERS.SELF_NAMED.test(agent.toLowerCase()) ||
    NAMES.some((name) => agent.includes(name)) ||
    OTHERS.test(agent),
  512,
);

/**
 * Say whether a browser asks for something to use in another page: a picture, a frame, data. No
 * policy of ours lets a page of the shop be framed, so no shopper sees what comes of it.
 */
export function isSubresource(request: Request): boolean {
  return (request.headers.get("sec-fetch-dest") ?? "document") !== "document";
}

/** Say whether a browser asks ahead of its shopper, who may never come. */
export function isPrefetch(request: Request): boolean {
  return CRAWLERS.PREFETCH_HEADERS.some((name) =>
    CRAWLERS.PREFETCH.test(request.headers.get(name) ?? ""),
  );
}
