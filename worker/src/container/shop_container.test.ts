// What the container on Cloudflare is started with.

import { describe, expect, it } from "vitest";

import type { Env } from "../env.ts";
import { IF_AWAKE } from "./client.ts";
import { containerVariables, ShopContainer } from "./shop_container.ts";

describe("the container", () => {
  it("gets the models' keys and the shared secrets, and nothing of the Worker's own", () => {
    const env = {
      KIMI_API_KEY: "k",
      CLAUDE_MODEL: "m",
      WANDSTORE_CURRENCY: "EUR",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector",
      SESSION_SECRET: "s",
      WORKER_SECRET: "w",
      LOCAL_BINDINGS_TOKEN: "t",
      CONTAINER_INSTANCES: "3",
      KV: {},
      ASSETS: {},
    };
    const variables = containerVariables(env as unknown as Env);
    expect(variables).toMatchObject({
      KIMI_API_KEY: "k",
      CLAUDE_MODEL: "m",
      WANDSTORE_CURRENCY: "EUR",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector",
      SESSION_SECRET: "s",
      WORKER_SECRET: "w",
      WANDSTORE_STATE: "worker",
      WANDSTORE_INSTANCES: "3",
    });
    expect(
      Object.keys(variables).filter((name) => /LOCAL|CONTAINER_|ASSETS|^KV$/.test(name)),
    ).toEqual([]);
  });

  it("reaches what we have for it at hosts of its own network, and no others through us", () => {
    const hosts = ["kv.internal", "d1.internal", "edge.internal"];
    expect(Object.keys(ShopContainer.outboundByHost ?? {})).toEqual(hosts);
  });

  it("is looked at without being woken or kept awake", async () => {
    const ports: number[] = [];
    const getTcpPort = (port: number) => {
      ports.push(port);
      return { fetch: async (request: Request) => new Response(request.url) };
    };
    const look = async (running: boolean) => {
      const asked = { ctx: { container: { running, getTcpPort } }, defaultPort: 8080 };
      const request = new Request(`http://${IF_AWAKE}/metrics`);
      return ShopContainer.prototype.fetch.call(asked as unknown as ShopContainer, request);
    };
    expect((await look(false)).status).toBe(204);
    expect(ports).toEqual([]);
    expect(await (await look(true)).text()).toBe(`http://${IF_AWAKE}/metrics`);
    expect(ports).toEqual([8080]);
  });
});
