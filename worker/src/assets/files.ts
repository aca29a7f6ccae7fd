// Serve static files by hashed names, cached for good, and pictures, with the container's headers.

import type { RequestContext } from "../context.ts";
import { fileHeaders, plainText } from "../responses.ts";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
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
const HASHED_NAME = /^([a-z0-9-]+)\.[0-9a-f]{10}(\.[a-z0-9]+)$/;
const PICTURE_PATH = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,3}$/;

/** Serve a static file. A hash that is not the current one gets the current file, uncached. */
export async function handleStatic(context: RequestContext, name: string): Promise<Response> {
  const [, stem, suffix] = HASHED_NAME.exec(name) ?? [];
  const index = await context.assets.index();
  const file = stem === undefined ? undefined : index.static[`${stem}${suffix}`];
  const stored = file && (await context.assets.file(file.address.slice(1)));
  if (file === undefined || !stored) return notFound();
  const isCurrent = file.address === `/static/${name}`;
  const headers = fileHeaders({
    "content-type": contentType(name),
    "cache-control": isCurrent ? "public, max-age=31536000, immutable" : "public, no-cache",
    etag: file.etag,
  });
  return unlessNotModified(context.request, stored, headers);
}

export async function handlePicture(
  context: RequestContext,
  shopId: string,
  name: string,
): Promise<Response> {
  const isShop = (await context.assets.index()).shops.includes(shopId);
  if (!isShop || !PICTURE_PATH.test(name) || contentType(name) === "") return notFound();
  const stored = await context.assets.file(`pictures/${shopId}/${name}`);
  if (stored === null) return notFound();
  const headers = fileHeaders({
    "content-type": contentType(name),
    "cache-control": "public, max-age=86400",
  });
  const etag = stored.headers.get("etag");
  if (etag !== null) headers.set("etag", etag);
  return unlessNotModified(context.request, stored, headers);
}

/** Return the stored file, or 304 where the request's `If-None-Match` has its ETag. */
async function unlessNotModified(
  request: Request,
  stored: Response,
  headers: Headers,
): Promise<Response> {
  const etag = headers.get("etag");
  if (etag !== null && request.headers.get("if-none-match")?.includes(etag)) {
    await stored.body?.cancel();
    return new Response(null, { status: 304, headers });
  }
  return new Response(stored.body, { headers });
}

function contentType(name: string): string {
  return CONTENT_TYPES[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "";
}

function notFound(): Response {
  return plainText("no such file", 404);
}
