// Read a request's body, up to a size.

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
