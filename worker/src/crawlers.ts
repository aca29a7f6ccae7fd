// Detect crawlers and link previews by user agent, with the same pattern as the container.
//
// They get a complete catalog page and no cookie, and no page is generated for them.

const CRAWLERS = new RegExp(
  "(?<!cu)bot\\b|(?<!cu)bot[/_; -]|crawl|spider|slurp|archiver|scraper|bingpreview|linkpreview|" +
    "uripreview|facebookexternalhit|facebookcatalog|embedly|pingdom|feedfetcher|" +
    "mediapartners|apis-google|google-inspectiontool|google-extended|whatsapp/|chatgpt-user|" +
    "claude-web|claude-user|perplexity-user|bytespider|petalsearch",
  "i",
);
const MAX_USER_AGENT_LENGTH = 1024;

export function isCrawler(request: Request): boolean {
  return CRAWLERS.test((request.headers.get("user-agent") ?? "").slice(0, MAX_USER_AGENT_LENGTH));
}
