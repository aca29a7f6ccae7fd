// One request with all that answering it may need.

import { type Env, type Limits, readLimits } from "./env.ts";
import { AssetStore } from "./assets/store.ts";
import { SessionSigner } from "./session/cookies.ts";
import { type ContainerClient, createContainerClient } from "./container/client.ts";

export interface Visit {
  readonly request: Request;
  readonly url: URL;
  readonly env: Env;
  readonly limits: Limits;
  readonly assets: AssetStore;
  /** Throws NoSecret where cookies cannot be signed: only what is personal needs that. */
  readonly identities: () => SessionSigner;
  /** The way to the container; null where none is configured. */
  readonly container: ContainerClient | null;
  /** Lets work go on after the answer, for a while. */
  readonly later: (work: Promise<unknown>) => void;
}

// A key takes longer to import than a cookie to verify.
const known = new Map<string, SessionSigner>();

export function visitOf(request: Request, env: Env, context: Pick<ExecutionContext, "waitUntil">): Visit {
  const limits = readLimits(env);
  const assets = new AssetStore(env.ASSETS);
  return {
    request,
    url: new URL(request.url),
    env,
    limits,
    assets,
    identities: () => identitiesOf(env),
    container: createContainerClient(env, limits, assets),
    later: (work) => context.waitUntil(work),
  };
}

function identitiesOf(env: Env): SessionSigner {
  const secret = env.SESSION_SECRET ?? "";
  if (secret === "") throw new NoSecret();
  const identities = known.get(secret) ?? new SessionSigner(secret);
  known.set(secret, identities);
  return identities;
}

export class NoSecret extends Error {
  override readonly name = "NoSecret";
}
