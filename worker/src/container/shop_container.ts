// The container on Cloudflare: asleep until asked, with KV and D1 at hand and no token of its own.

import { Container, type StopParams } from "@cloudflare/containers";
import type { Env } from "../env.ts";
import { track } from "../telemetry.ts";
import { answerD1 } from "../bindings/d1.ts";
import { answerKv } from "../bindings/kv.ts";

/** What of the Worker's variables and secrets the container is started with. */
const PASSED_ON = /^(KIMI_|CLAUDE_|WANDSTORE_)[A-Z0-9_]+$|^(SESSION_SECRET|WORKER_SECRET|REDIS_URL)$/;

export class ShopContainer extends Container<Env> {
  override defaultPort = 8080;
  override sleepAfter = "5m";
  override pingEndpoint = "container.internal/health";
  override envVars = containerVariables(this.env);

  override onStart(): void {
    track(this.env, { event: "wake", instance: this.ctx.id.name ?? "" });
  }

  override onStop({ exitCode, reason }: StopParams): void {
    track(this.env, { event: "asleep", instance: this.ctx.id.name ?? "", outcome: `${reason} ${exitCode}` });
  }

  override onError(error: unknown): void {
    const outcome = error instanceof Error ? error.name : "error";
    track(this.env, { event: "failed", where: "container", outcome });
  }
}

// Hosts that exist inside the container's network only; whoever asks them is the container.
ShopContainer.outboundByHost = {
  "kv.internal": (request, env) => answerKv(request, env as Env),
  "d1.internal": (request, env) => answerD1(request, env as Env),
};

export function containerVariables(env: object): Record<string, string> {
  const own = Object.entries(env).filter(([name, value]) => PASSED_ON.test(name) && typeof value === "string");
  return { ...Object.fromEntries(own), WANDSTORE_STATE: "worker" };
}
