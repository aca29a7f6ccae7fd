// The context of one request: the request itself, and what handling it may need.

import { AssetStore } from "./assets/store.ts";
import { type ContainerClient, createContainerClient } from "./container/client.ts";
import { type Env, type Limits, readLimits } from "./env.ts";
import { SessionSigner } from "./session/cookies.ts";
import { oncePer } from "./util/remembered.ts";

export interface RequestContext {
  readonly request: Request;
  readonly url: URL;
  readonly env: Env;
  readonly limits: Limits;
  readonly assets: AssetStore;
  /** Throws NoSecret where cookies cannot be signed: only what is personal needs that. */
  readonly sessionSigner: () => SessionSigner;
  /** Null where no container is configured. */
  readonly container: ContainerClient | null;
  /** Lets work go on after the response, for a while. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export function createContext(
  request: Request,
  env: Env,
  execution: Pick<ExecutionContext, "waitUntil">,
): RequestContext {
  const limits = readLimits(env);
  const waitUntil = (work: Promise<unknown>): void => execution.waitUntil(work);
  const assets = openAssets(env, waitUntil);
  return {
    request,
    url: new URL(request.url),
    env,
    limits,
    assets,
    sessionSigner: () => signerOf(env),
    container: createContainerClient(env, limits, assets),
    waitUntil,
  };
}

/** Return what was published, with what has changed since where the catalog is of elsewhere. */
export function openAssets(env: Env, after?: (work: Promise<unknown>) => void): AssetStore {
  return new AssetStore(env.ASSETS, follows(env) ? env.FILES : undefined, after);
}

/** Say whether the catalog is of elsewhere, and changes without a publishing. */
export function follows(env: Env): boolean {
  return Boolean(env.WANDSTORE_SHOPIFY_STORE || env.WANDSTORE_CATALOG_URL);
}

// Importing a key takes longer than verifying a cookie with it.
const signerOf = oncePer((env: Env): SessionSigner => {
  const secret = env.SESSION_SECRET ?? "";
  if (secret === "") throw new NoSecret();
  return new SessionSigner(secret, earlierSecrets(env.SESSION_SECRETS_BEFORE ?? ""));
});

/** Read secrets, separated by commas; or a JSON list of them, where one has a comma itself. */
function earlierSecrets(text: string): string[] {
  if (text.startsWith('["')) return JSON.parse(text) as string[];
  return text === "" ? [] : text.split(",").map((one) => one.trim());
}

export class NoSecret extends Error {
  override readonly name = "NoSecret";
}
