// Read a request's body, up to a size.

import { BODY } from "../shared/constants.ts";
import { withTimeout } from "./timeout.ts";

/** Return the whole body; null where it has, or says that it will have, more bytes than `max`. */
export async function readBody(request: Request, max: number): Promise<Uint8Array | null> {
  if (Number(request.headers.get("content-length") ?? "0") > max) return null;
  const reader = request.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
    size += chunk.value.byteLength;
    if (size > max) return null;
    chunks.push(chunk.value);
  }
  return new Blob(chunks).bytes();
}

/** Return the whole body likewise; reject with TimeoutError where it comes too slowly. */
export async function readBodyInTime(request: Request, max: number): Promise<Uint8Array | null> {
  return withTimeout(BODY.TIMEOUT * 1_000, readBody(request, max));
}
