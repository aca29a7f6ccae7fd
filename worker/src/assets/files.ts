// Serve what of static files Cloudflare does not by itself, with the container's headers.

import type { RequestContext } from "../context.ts";
import { fileHeaders, plainText } from "../responses.ts";
import { ASSETS, DISCOVERY, STATIC } from "../shared/constants.ts";

const CONTENT_TYPES: Readonly<Record<string, string>> = ASSETS.MEDIA_TYPES;

/** Serve the current static file, uncached, to who asks for one of another hash. */
export async function handleStatic(context: RequestContext, name: string): Promise<Response> {
  const [, stem, suffix] = STATIC.HASHED.exec(name) ?? [];
  const index = await context.assets.index();
  const file = stem === undefined ? undefined : index.static[`${stem}${suffix}`];
  const stored = file && (await context.assets.file(file.address.slice(1)));
  if (file === undefined || !stored) return fileNotFound();
  const headers = fileHeaders({
    "content-type": contentType(name),
    "cache-control": STATIC.FOR_NOW,
    etag: file.etag,
  });
  return unlessNotModified(context.request, stored, headers);
}

/** Serve what crawlers look for at the root; null where it was not published. */
export async function handleRootFile(
  context: RequestContext,
  name: string,
): Promise<Response | null> {
  const stored = await context.assets.file(`root/${name}`);
  if (stored === null) return null;
  const types: Readonly<Record<string, string>> = DISCOVERY.TYPES;
  const headers = fileHeaders({
    "content-type": types[name.slice(name.lastIndexOf("."))] ?? "",
    "cache-control": DISCOVERY.AN_HOUR,
  });
  return unlessNotModified(context.request, stored, headers);
}

/** Say whether the browser has what has this ETag; a star stands for whatever is there. */
export function isCached(request: Request, etag: string): boolean {
  const known = request.headers.get("if-none-match") ?? "";
  return known === "*" || known.includes(etag);
}

/** Return the stored file, its ETag unless `headers` have one, or 304 where the request has that. */
export async function unlessNotModified(
  request: Request,
  stored: Response,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const etag = headers["etag"] ?? stored.headers.get("etag");
  const tagged = { ...headers, ...(etag !== null && { etag }) };
  if (etag !== null && isCached(request, etag)) {
    await stored.body?.cancel();
    return new Response(null, { status: 304, headers: tagged });
  }
  return new Response(stored.body, { headers: tagged });
}

function contentType(name: string): string {
  return CONTENT_TYPES[name.slice(name.lastIndexOf(".")).toLowerCase()] ?? "";
}

export function fileNotFound(): Response {
  return plainText("no such file", 404);
}
