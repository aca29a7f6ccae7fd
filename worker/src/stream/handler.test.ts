// The stream: the container's bytes as they come, to their owner, and asked for again when it fails.

import { describe, expect, it, beforeEach } from "vitest";

import { COOKIE_LIFETIME } from "../session/cookies.ts";
import { become, COLLECTOR, container, cookieOf, migrated, never, open, SHOPPER, visit, type Serve } from "../../tests/support.ts";

const STREAM = "/s/demo/stream/edge";
const EVENT = 'event: component\nid: 1\ndata: {"slot":"hero"}\n\n';

beforeEach(migrated);

function streaming(body: BodyInit = EVENT): Response {
  return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}

async function follow(serve: Serve, headers: Record<string, string> = {}, changes: Record<string, unknown> = {}) {
  const cookie = await cookieOf(SHOPPER);
  return visit(STREAM, { headers: { cookie, ...headers } }, { CONTAINER: container(serve), ...changes });
}

describe("a stream", () => {
  it("is the container's, byte for byte, as a stream that nobody may change or keep", async () => {
    const { response, text } = await follow(async () => streaming());
    expect(text).toBe(EVENT);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
  });

  it("is asked for with who is asking, as what, and after which event", async () => {
    await become(SHOPPER, COLLECTOR);
    const seen: Request[] = [];
    await follow(async (request) => (seen.push(request.clone()), streaming()), { "last-event-id": "1700000000000001" });
    const [asked] = seen;
    expect(asked?.method).toBe("POST");
    expect(asked?.headers.get("accept")).toBe("text/event-stream");
    expect(asked?.headers.get("last-event-id")).toBe("1700000000000001");
    expect(asked?.headers.get("cookie")).toBeNull();
    expect(await asked?.json()).toMatchObject({ shopper_id: SHOPPER, persona: COLLECTOR });
  });

  it("says where a new shopper comes from, and nothing of one who has been here longer", async () => {
    const asked: (string | null)[][] = [];
    const serve: Serve = async (request) => {
      asked.push(["x-wandstore-new-shopper", "cf-connecting-ip"].map((name) => request.headers.get(name)));
      return streaming();
    };
    const yesterday = Math.floor(Date.now() / 1000) + COOKIE_LIFETIME - 86_400;
    for (const cookie of [await cookieOf(SHOPPER), await cookieOf(SHOPPER, "demo", yesterday)]) {
      await follow(serve, { cookie, "cf-connecting-ip": "192.0.2.7" });
    }
    expect(asked).toEqual([["1", "192.0.2.7"], [null, null]]);
  });

  it.each(["", "x", "1\n2", "-1", "1".repeat(20)])("passes on no id that is none: %j", async (id) => {
    const seen: Request[] = [];
    const headers: Record<string, string> = id.includes("\n") ? {} : { "last-event-id": id };
    await follow(async (request) => (seen.push(request), streaming()), headers);
    expect(seen[0]?.headers.get("last-event-id")).toBeNull();
  });

  it("passes each piece on before the next one is made", async () => {
    const pieces = ["one", "two", "three"].map((name) => `event: progress\nid: 1\ndata: "${name}"\n\n`);
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const cookie = await cookieOf(SHOPPER);
    const changes = { CONTAINER: container(async () => streaming(readable)) };
    const answered = await open(STREAM, { headers: { cookie } }, changes);
    const reader = answered.body?.getReader();
    for (const piece of pieces) {
      const written = writer.write(new TextEncoder().encode(piece));
      const read = await reader?.read();
      expect(new TextDecoder().decode(read?.value)).toBe(piece);
      await written;
    }
    await writer.close();
    expect((await reader?.read())?.done).toBe(true);
  });

  it("of nobody is none", async () => {
    const changes = { CONTAINER: container(async () => streaming()) };
    for (const cookie of ["", `shopper_demo=${SHOPPER}.1900000000.${"A".repeat(43)}`]) {
      const { response } = await visit(STREAM, { headers: { cookie } }, changes);
      expect(response.status).toBe(404);
    }
  });

  it("is one's own whatever page the address names", async () => {
    const seen: Request[] = [];
    const cookie = await cookieOf(SHOPPER);
    const changes = { CONTAINER: container(async (request) => (seen.push(request.clone()), streaming())) };
    await visit("/s/demo/stream/somebody-elses-page", { headers: { cookie } }, changes);
    expect(await seen[0]?.json()).toMatchObject({ shopper_id: SHOPPER });
  });

  it("of a shop that is not there is none", async () => {
    const { response } = await visit("/s/corner/stream/edge", { headers: { cookie: await cookieOf(SHOPPER, "corner") } });
    expect(response.status).toBe(404);
  });
});

describe("a container that does not answer", () => {
  it("and then does, is asked again until it does", async () => {
    const answers = [
      async () => new Response("There is no container instance available at this time.", { status: 503 }),
      async () => new Response("too many", { status: 429 }),
      async () => Promise.reject(new Error("Container suddenly disconnected")),
      async () => streaming(),
    ];
    const { text, told } = await follow(async () => (answers.shift() ?? never)());
    expect(text).toBe(EVENT);
    expect(told).toContainEqual(expect.objectContaining({ event: "stream", outcome: "200", attempts: 4, resumed: false }));
  });

  it.each([
    [429, 429, "RATE_LIMITED"],
    [503, 503, "MODEL_UNAVAILABLE"],
    [500, 500, "CONTAINER_ERROR"],
    [401, 500, "CONTAINER_ERROR"],
  ])("but with %i, is answered for with %i %s, after which the browser tries again", async (theirs, ours, code) => {
    const { response, text } = await follow(async () => new Response("plain words of its own", { status: theirs }));
    expect(response.status).toBe(ours);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(JSON.parse(text)).toMatchObject({ status: "error", error: { code, retryable: true } });
    expect(text).not.toContain("plain words");
  });

  it("with a page of its own instead of a stream is not passed on", async () => {
    const { response } = await follow(async () => new Response("<h1>hello</h1>", { headers: { "content-type": "text/html" } }));
    expect(response.status).toBe(500);
  });

  it("is not asked again once its answer has begun", async () => {
    let asked = 0;
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(EVENT)),
      pull: (controller) => controller.error(new Error("cut")),
    });
    const answered = follow(async () => ((asked += 1), streaming(broken)));
    await expect(answered).rejects.toThrow("cut");
    expect(asked).toBe(1);
  });

  it("is not asked again where the shopper has left", async () => {
    const leaving = new AbortController();
    let asked = 0;
    const cookie = await cookieOf(SHOPPER);
    const serve: Serve = async () => {
      asked += 1;
      leaving.abort();
      return new Response(null, { status: 503 });
    };
    const { told } = await visit(STREAM, { headers: { cookie }, signal: leaving.signal }, { CONTAINER: container(serve) });
    expect(asked).toBe(1);
    expect(told).toContainEqual(expect.objectContaining({ event: "stream", outcome: "left" }));
  });

  it("is told when the shopper has left", async () => {
    const leaving = new AbortController();
    let heard = false;
    const cookie = await cookieOf(SHOPPER);
    const serve: Serve = (request) =>
      new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => {
          heard = true;
          reject(new Error("left"));
        });
        queueMicrotask(() => leaving.abort());
      });
    await visit(STREAM, { headers: { cookie }, signal: leaving.signal }, { CONTAINER: container(serve) });
    expect(heard).toBe(true);
  });

  it("is not there at all: the browser is told to try again", async () => {
    const { response } = await visit(STREAM, { headers: { cookie: await cookieOf(SHOPPER) } }, { CONTAINER: undefined });
    expect(response.status).toBe(503);
  });
});
