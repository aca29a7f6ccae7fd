// The stream: the container's bytes as they come, to their owner, requested again when it fails.

import { tracing } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  COLLECTOR,
  fakeContainer,
  never,
  type Respond,
  resetStorage,
  SHOPPER,
  send,
  sendUnread,
  sessionCookie,
  storePersona,
} from "../../tests/support.ts";
import { COOKIES } from "../shared/constants.ts";

const STREAM = "/s/demo/stream/edge";
const EVENT = 'event: component\nid: 1\ndata: {"slot":"hero"}\n\n';

beforeEach(resetStorage);

function streaming(body: BodyInit = EVENT): Response {
  return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}

async function follow(
  respond: Respond,
  headers: Record<string, string> = {},
  changes: Record<string, unknown> = {},
) {
  const cookie = await sessionCookie(SHOPPER);
  return send(
    STREAM,
    { headers: { cookie, ...headers } },
    { CONTAINER: fakeContainer(respond), ...changes },
  );
}

describe("a stream", () => {
  it("is the container's, byte for byte, as a stream that nobody may change or keep", async () => {
    const { response, text } = await follow(async () => streaming());
    expect(text).toBe(EVENT);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
  });

  it("is asked for with who is asking, as what, and after which event", async () => {
    await storePersona(SHOPPER, COLLECTOR);
    const requests: Request[] = [];
    await follow(async (request) => (requests.push(request.clone()), streaming()), {
      "last-event-id": "1700000000000001",
    });
    const [request] = requests;
    expect(request?.method).toBe("POST");
    expect(request?.headers.get("accept")).toBe("text/event-stream");
    expect(request?.headers.get("last-event-id")).toBe("1700000000000001");
    expect(request?.headers.get("cookie")).toBeNull();
    expect(await request?.json()).toMatchObject({ shopper_id: SHOPPER, persona: COLLECTOR });
  });

  it("begins a trace for the container to continue, and says in the log which", async () => {
    const traces: (string | null)[] = [];
    const respond: Respond = async (request) => {
      traces.push(request.headers.get("traceparent"));
      return traces.length === 1 ? new Response(null, { status: 503 }) : streaming();
    };
    const ours = `00-${"c".repeat(32)}-${"d".repeat(16)}-01`;
    const { events } = await follow(respond, { traceparent: ours });
    const [first, second] = traces;
    expect(first).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(second).toBe(first); // another attempt at the same
    expect(first).not.toContain("cccc"); // what a browser says of traces is not passed on
    expect(events).toContainEqual(
      expect.objectContaining({ event: "stream", trace: first?.slice(3, 35) }),
    );
  });

  it("goes on with the platform's trace of the request, where there is one", async () => {
    const context = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };
    const active = { isTraced: true, spanContext: () => context } as unknown as Span;
    const spy = vi.spyOn(tracing, "getActiveSpan").mockReturnValue(active);
    const parents: (string | null)[] = [];
    await follow(async (request) => {
      parents.push(request.headers.get("traceparent"));
      return streaming();
    });
    spy.mockRestore();
    expect(parents).toEqual([`00-${context.traceId}-${context.spanId}-01`]);
  });

  it.each([{ dnt: "1" }, { "sec-gpc": "1" }])(
    "says of who asks not to be followed that they do: %o",
    async (asking) => {
      const asked: (string | null)[] = [];
      const respond: Respond = async (request) => {
        asked.push(request.headers.get("sec-gpc"));
        return streaming();
      };
      const cookie = await sessionCookie(SHOPPER);
      await follow(respond, { cookie, ...asking });
      await follow(respond, { cookie });
      expect(asked).toEqual(["1", null]);
    },
  );

  it("says where a shopper comes from, and whether they are new", async () => {
    const clients: (string | null)[][] = [];
    const respond: Respond = async (request) => {
      clients.push(
        ["x-wandstore-new-shopper", "cf-connecting-ip"].map((name) => request.headers.get(name)),
      );
      return streaming();
    };
    const yesterday = Math.floor(Date.now() / 1000) + COOKIES.LIFETIME - 86_400;
    for (const cookie of [
      await sessionCookie(SHOPPER),
      await sessionCookie(SHOPPER, "demo", yesterday),
    ]) {
      await follow(respond, { cookie, "cf-connecting-ip": "192.0.2.7" });
    }
    expect(clients).toEqual([
      ["1", "192.0.2.7"],
      [null, "192.0.2.7"],
    ]);
  });

  it.each(["", "x", "1\n2", "-1", "1".repeat(20)])(
    "passes on no id that is none: %j",
    async (id) => {
      const requests: Request[] = [];
      const headers: Record<string, string> = id.includes("\n") ? {} : { "last-event-id": id };
      await follow(async (request) => (requests.push(request), streaming()), headers);
      expect(requests[0]?.headers.get("last-event-id")).toBeNull();
    },
  );

  it("passes each piece on before the next one is made", async () => {
    const chunks = ["one", "two", "three"].map(
      (name) => `event: progress\nid: 1\ndata: "${name}"\n\n`,
    );
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const cookie = await sessionCookie(SHOPPER);
    const changes = { CONTAINER: fakeContainer(async () => streaming(readable)) };
    const response = await sendUnread(STREAM, { headers: { cookie } }, changes);
    const reader = response.body?.getReader();
    for (const chunk of chunks) {
      const written = writer.write(new TextEncoder().encode(chunk));
      const read = await reader?.read();
      expect(new TextDecoder().decode(read?.value)).toBe(chunk);
      await written;
    }
    await writer.close();
    expect((await reader?.read())?.done).toBe(true);
  });

  it("of nobody is none", async () => {
    const changes = { CONTAINER: fakeContainer(async () => streaming()) };
    for (const cookie of ["", `shopper_demo=${SHOPPER}.1900000000.${"A".repeat(43)}`]) {
      const { response } = await send(STREAM, { headers: { cookie } }, changes);
      expect(response.status).toBe(404);
    }
  });

  it("is one's own whatever page the address names", async () => {
    const requests: Request[] = [];
    const cookie = await sessionCookie(SHOPPER);
    const changes = {
      CONTAINER: fakeContainer(async (request) => (requests.push(request.clone()), streaming())),
    };
    await send("/s/demo/stream/somebody-elses-page", { headers: { cookie } }, changes);
    expect(await requests[0]?.json()).toMatchObject({ shopper_id: SHOPPER });
  });

  it("of a shop that is not there is none", async () => {
    const { response } = await send("/s/corner/stream/edge", {
      headers: { cookie: await sessionCookie(SHOPPER, "corner") },
    });
    expect(response.status).toBe(404);
  });
});

describe("a page that was fetched ahead and is shown now", () => {
  const begin = (headers: Record<string, string>, respond: Respond = async () => streaming()) =>
    send("/s/demo/stream/visit", { headers }, { CONTAINER: fakeContainer(respond) });
  const OURS = { "sec-fetch-site": "same-origin", "cf-connecting-ip": "192.0.2.7" };

  it("begins its visit: a cookie, and the page of the new shopper whom it names", async () => {
    const requests: Request[] = [];
    const { response, text } = await begin(
      OURS,
      async (request) => (requests.push(request.clone()), streaming()),
    );
    expect(text).toBe(EVENT);
    const body = (await requests[0]?.json()) as Record<string, unknown>;
    expect(response.headers.get("set-cookie")).toContain(
      `__Host-shopper_demo=${String(body["shopper_id"])}.`,
    );
    expect(requests[0]?.headers.get("x-wandstore-new-shopper")).toBe("1");
  });

  it("begins it once: with a cookie the visit is the shopper's", async () => {
    const requests: Request[] = [];
    const cookie = await sessionCookie(SHOPPER);
    const { response } = await begin(
      { ...OURS, cookie },
      async (request) => (requests.push(request.clone()), streaming()),
    );
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(await requests[0]?.json()).toMatchObject({ shopper_id: SHOPPER });
  });

  it("keeps its cookie where the container does not answer", async () => {
    const { response } = await begin(OURS, async () => new Response(null, { status: 429 }));
    expect(response.status).toBe(429);
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-shopper_demo=/);
  });

  it.each([
    { "sec-fetch-site": "cross-site" },
    {},
    { ...OURS, "sec-purpose": "prefetch;prerender" },
    { ...OURS, "last-event-id": "1700000000000001" },
  ])("is no page of ours, is not shown yet, or began before: %j", async (headers) => {
    const { response } = await begin(headers as Record<string, string>);
    expect([response.status, response.headers.get("set-cookie")]).toEqual([404, null]);
  });
});

describe("a container that does not answer", () => {
  it("and then does, is asked again until it does", async () => {
    const responses = [
      async () =>
        new Response("There is no container instance available at this time.", { status: 503 }),
      async () => new Response("too many", { status: 429 }),
      async () => Promise.reject(new Error("Container suddenly disconnected")),
      async () => streaming(),
    ];
    const { text, events } = await follow(async () => (responses.shift() ?? never)());
    expect(text).toBe(EVENT);
    expect(events).toContainEqual(
      expect.objectContaining({ event: "stream", outcome: "200", attempts: 4, resumed: false }),
    );
  });

  it.each([
    [429, 429, "RATE_LIMITED"],
    [503, 503, "MODEL_UNAVAILABLE"],
    [500, 500, "CONTAINER_ERROR"],
    [401, 500, "CONTAINER_ERROR"],
  ])(
    "but with %i, is answered for with %i %s, after which the browser tries again",
    async (containerStatus, status, code) => {
      const { response, text } = await follow(
        async () => new Response("plain words of its own", { status: containerStatus }),
      );
      expect(response.status).toBe(status);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(JSON.parse(text)).toMatchObject({ status: "error", error: { code, retryable: true } });
      expect(text).not.toContain("plain words");
    },
  );

  it("with a page of its own instead of a stream is not passed on", async () => {
    const { response } = await follow(
      async () => new Response("<h1>hello</h1>", { headers: { "content-type": "text/html" } }),
    );
    expect(response.status).toBe(500);
  });

  it("is not asked again once its answer has begun", async () => {
    let attempts = 0;
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(EVENT)),
      pull: (controller) => controller.error(new Error("cut")),
    });
    const exchange = follow(async () => ((attempts += 1), streaming(broken)));
    await expect(exchange).rejects.toThrow("cut");
    expect(attempts).toBe(1);
  });

  it("is not asked again where the shopper has left", async () => {
    const leaving = new AbortController();
    let attempts = 0;
    const cookie = await sessionCookie(SHOPPER);
    const respond: Respond = async () => {
      attempts += 1;
      leaving.abort();
      return new Response(null, { status: 503 });
    };
    const { events } = await send(
      STREAM,
      { headers: { cookie }, signal: leaving.signal },
      { CONTAINER: fakeContainer(respond) },
    );
    expect(attempts).toBe(1);
    expect(events).toContainEqual(expect.objectContaining({ event: "stream", outcome: "left" }));
  });

  it("is told when the shopper has left", async () => {
    const leaving = new AbortController();
    let aborted = false;
    const cookie = await sessionCookie(SHOPPER);
    const respond: Respond = (request) =>
      new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => {
          aborted = true;
          reject(new Error("left"));
        });
        queueMicrotask(() => leaving.abort());
      });
    await send(
      STREAM,
      { headers: { cookie }, signal: leaving.signal },
      { CONTAINER: fakeContainer(respond) },
    );
    expect(aborted).toBe(true);
  });

  it("is not there at all: the browser is told to try again", async () => {
    const { response } = await send(
      STREAM,
      { headers: { cookie: await sessionCookie(SHOPPER) } },
      { CONTAINER: undefined },
    );
    expect(response.status).toBe(503);
  });
});
