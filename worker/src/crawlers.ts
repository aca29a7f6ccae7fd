// Detect crawlers and link previews by user agent, with the same pattern as the container.
//
// They get a complete catalog page and no cookie, and no page is generated for them.

import { CRAWLERS } from "./shared/constants.ts";

export function isCrawler(request: Request): boolean {
  const userAgent = request.headers.get("user-agent") ?? "";
  return CRAWLERS.NAMES.test(userAgent.slice(0, CRAWLERS.MAX_LENGTH));
}
