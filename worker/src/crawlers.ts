// Who is no shopper: crawlers and link previews, by the same names as in app/web/crawlers.py.
//
// They get a complete page of the catalog's own and no cookie, and nothing is composed for them.

const NAMES = new RegExp(
  "(?<!cu)bot\\b|(?<!cu)bot[/_; -]|crawl|spider|slurp|archiver|scraper|bingpreview|linkpreview|" +
    "uripreview|facebookexternalhit|facebookcatalog|embedly|pingdom|feedfetcher|" +
    "mediapartners|apis-google|google-inspectiontool|google-extended|whatsapp/|chatgpt-user|" +
    "claude-web|claude-user|perplexity-user|bytespider|petalsearch",
  "i",
);
const LONGEST = 1024;

export function isCrawler(request: Request): boolean {
  return NAMES.test((request.headers.get("user-agent") ?? "").slice(0, LONGEST));
}
