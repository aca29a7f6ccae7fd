// The container on Cloudflare: asleep until a request comes, with KV and D1 bound and no API token.

import { Container, type StopParams } from "@cloudflare/containers";
import { handleD1 } from "../bindings/d1.ts";
import { handleEdge } from "../bindings/edge.ts";
import { handleKv } from "../bindings/kv.ts";
import { type Env, readLimits } from "../env.ts";
import { track } from "../telemetry.ts";
import { IF_AWAKE } from "./client.ts";

/** Matches the Worker's variables and secrets that the container is started with. */
const CONTAINER_VARIABLES =
  /^(KIMI_|CLAUDE_|OTEL_|WANDSTORE_)[A-Z0-9_]+$|^(SESSION_SECRET|SESSION_SECRETS_BEFORE|WORKER_SECRET|REDIS_URL)$/;

export class ShopContainer extends Container<Env> {
  override defaultPort = 8080;
  override sleepAfter = "5m";
  override pingEndpoint = "container.internal/health";
  override envVars = containerVariables(this.env);

  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).hostname !== IF_AWAKE) return super.fetch(request);
    // Past Container, which would start it, or have it stay awake for another while.
    const { container } = this.ctx;
    if (!container?.running) return new Response(null, { status: 204 });
    return container.getTcpPort(this.defaultPort).fetch(request);
  }

  override onStart(): void {
    track(this.env, { event: "wake", instance: this.ctx.id.name ?? "" });
  }

  override onStop({ exitCode, reason }: StopParams): void {
    track(this.env, {
      event: "asleep",
      instance: this.ctx.id.name ?? "",
      outcome: `${reason} ${exitCode}`,
    });
  }

  override onError(error: unknown): void {
    const outcome = error instanceof Error ? error.name : "error";
    track(this.env, { event: "failed", where: "container", outcome });
  }
}

// Hosts inside the container's network only, so that every request to them is the container's.
ShopContainer.outboundByHost = {
  "kv.internal": (request, env) => handleKv(request, env as Env),
  "d1.internal": (request, env) => handleD1(request, env as Env),
  "edge.internal": (request, env) => handleEdge(request, env as Env),
};

export function containerVariables(env: Env): Record<string, string> {
  const variables = Object.entries(env).filter(
    ([name, value]) => CONTAINER_VARIABLES.test(name) && typeof value === "string",
  );
  const { instances } = readLimits(env);
  return {
    ...Object.fromEntries(variables),
    WANDSTORE_STATE: "worker",
    WANDSTORE_INSTANCES: String(instances),
  };
}
