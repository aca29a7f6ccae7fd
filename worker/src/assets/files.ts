// Static files by hashed names, cached for good, and shops' pictures; with the container's headers.

import { fileHeaders, plainText } from "../responses.ts";
import type { Visit } from "../context.ts";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  avif: "image/avif",
  gif: "image/gif",
};
const HASHED = /^([a-z0-9-]+)\.[0-9a-f]{10}(\.[a-z0-9]+)$/;
const PICTURE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,3}$/;

/** A hash that is not the current one gets the current file, uncached. */
export async function answerStatic(visit: Visit, asked: string): Promise<Response> {
  const [, stem, suffix] = HASHED.exec(asked) ?? [];
  const index = await visit.published.index();
  const file = stem === undefined ? undefined : index.static[`${stem}${suffix}`];
  const stored = file && (await visit.published.file(file.address.slice(1)));
  if (file === undefined || !stored) return missing();
  const current = file.address === `/static/${asked}`;
  const headers = fileHeaders({
    "content-type": typeOf(asked),
    "cache-control": current ? "public, max-age=31536000, immutable" : "public, no-cache",
    etag: file.etag,
  });
  return unlessKnown(visit.request, stored, headers);
}

export async function answerPicture(visit: Visit, shopId: string, name: string): Promise<Response> {
  const shop = (await visit.published.index()).shops.includes(shopId);
  if (!shop || !PICTURE.test(name) || typeOf(name) === "") return missing();
  const stored = await visit.published.file(`pictures/${shopId}/${name}`);
  if (stored === null) return missing();
  const headers = fileHeaders({ "content-type": typeOf(name), "cache-control": "public, max-age=86400" });
  const etag = stored.headers.get("etag");
  if (etag !== null) headers.set("etag", etag);
  return unlessKnown(visit.request, stored, headers);
}

async function unlessKnown(request: Request, stored: Response, headers: Headers): Promise<Response> {
  const etag = headers.get("etag");
  if (etag !== null && request.headers.get("if-none-match")?.includes(etag)) {
    await stored.body?.cancel();
    return new Response(null, { status: 304, headers });
  }
  return new Response(stored.body, { headers });
}

function typeOf(name: string): string {
  return TYPES[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "";
}

function missing(): Response {
  return plainText("no such file", 404);
}
