// Read the published folder from static assets: pages, files and the description of each shop.

import type { Env } from "../env.ts";
import type { Experiments } from "../experiments/assign.ts";
import { oncePer } from "../util/remembered.ts";
import { changedFile, changedKey } from "./changes.ts";

export interface StaticFile {
  readonly address: string;
  readonly etag: string;
}

export interface AssetIndex {
  /** Names what was published, and all that has changed since. */
  readonly edition: string;
  readonly default: string;
  readonly shops: readonly string[];
  readonly static: Readonly<Record<string, StaticFile>>;
}

/** What may be kept of who sends a request: not even a cookie; those of visit and basket; all. */
export type Consent = "none" | "essential" | "personalise";

export interface Shop {
  readonly id: string;
  readonly content: string;
  readonly root: string;
  readonly stream: string;
  readonly brand: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly categories: readonly string[];
  readonly sorts: readonly string[];
  readonly listing_pages: readonly number[];
  /** What a list says that could not be searched or filtered. */
  readonly unanswered: string;
  /** The slots that a page cannot do without. */
  readonly required: readonly string[];
  /** Whether anything can be bought: else there is no basket. */
  readonly sells: boolean;
  /** Whose the basket is: the store's, in whichever of its languages. */
  readonly basket: string;
  /** The components that may fill each slot. */
  readonly slots: Readonly<Record<string, readonly string[]>>;
  /** How many products somebody must have viewed for their page to show them; 0 where none does. */
  readonly own_from: number;
  readonly experiments: Experiments;
  /** When other rules of the merchant's begin to hold (Unix seconds), the earliest first. */
  readonly moments: readonly number[];
  /** What may be kept of who has not agreed to more, and the cookie that says that they have. */
  readonly consent: { readonly level: Consent; readonly cookie: string; readonly agreed: string };
}

/** Return since when the merchant's rules are as they are now; undefined where they always were. */
export function latestMoment({ moments }: Shop): number | undefined {
  const now = Date.now() / 1000;
  return moments.findLast((begins) => begins <= now);
}

export class NotPublished extends Error {
  override readonly name = "NotPublished";
}

const MAX_CACHED_FILES = 256;

/** Matches what may change between two publishings: all that is drawn from goods. */
export const CHANGING = /^(?:shops|root)\//;

// A deployment's assets never change, and what has changed since has another key: a parsed file is
// valid as long as the isolate lives.
const cacheOf = oncePer((_: Fetcher) => new Map<string, unknown>());

export class AssetStore {
  readonly #assets: Fetcher;
  readonly #changes: Env["FILES"] | undefined;
  readonly #after: (work: Promise<unknown>) => void;

  /**
   * `changes` has files that have changed since they were published, where any may; what need not be
   * waited for is done `after` the response.
   */
  constructor(
    assets: Fetcher,
    changes?: Env["FILES"],
    after: (work: Promise<unknown>) => void = () => {},
  ) {
    this.#assets = assets;
    this.#changes = changes;
    this.#after = after;
  }

  async index(): Promise<AssetIndex> {
    return this.#readJson<AssetIndex>("shops.json");
  }

  /** Return the shop, the default one where no id is given, null where there is no such shop. */
  async shop(id?: string): Promise<Shop | null> {
    const index = await this.index();
    const shopId = id ?? index.default;
    return index.shops.includes(shopId) ? this.#readJson<Shop>(`shops/${shopId}/shop.json`) : null;
  }

  /** Return a file of the shop with its body unread, null where it was not published. */
  async page(shop: Shop, name: string): Promise<Response | null> {
    return this.file(`shops/${shop.id}/${name}`);
  }

  /**
   * Return a store page as the merchant's rules have it now, null where it was not published. While
   * the container removes what was for a moment that is past, the usual one is as they have it.
   */
  async storePage(shop: Shop, name: string, pins = true): Promise<Response | null> {
    const moment = latestMoment(shop);
    const usual = `${pins ? "" : "no-pins/"}${name}`;
    const current = moment === undefined ? null : await this.page(shop, `at/${moment}/${usual}`);
    return current ?? (await this.page(shop, usual)) ?? (pins ? null : this.page(shop, name));
  }

  /** Return a file with its body unread, null where it was not published. */
  async file(path: string): Promise<Response | null> {
    const key = await this.#changedKey(path);
    if (key === "") return null;
    if (this.#changes !== undefined && key !== undefined) {
      const { edition } = await this.index();
      const changed = await changedFile(this.#changes, edition, path, key);
      if (changed !== null)
        return new Response(changed.body, { headers: { etag: `"${changed.key}"` } });
    }
    const response = await this.#assets.fetch(`https://assets.internal/${path}`);
    if (response.ok) return response;
    await response.body?.cancel();
    return null;
  }

  /** Return the value of a JSON file of the shop. */
  async readJson<T>(shop: Shop, name: string): Promise<T> {
    return this.#readJson<T>(`shops/${shop.id}/${name}`);
  }

  /** Return the text of a small file of the shop. */
  async readText(shop: Shop, name: string): Promise<string> {
    return this.#read(`shops/${shop.id}/${name}`, (text) => text);
  }

  async #readJson<T>(path: string): Promise<T> {
    return this.#read(path, (text) => JSON.parse(text) as T);
  }

  /** Return the key of a file that has changed since it was published. */
  async #changedKey(path: string): Promise<string | undefined> {
    if (this.#changes === undefined || !CHANGING.test(path)) return undefined;
    return changedKey(this.#changes, (await this.index()).edition, path, this.#after);
  }

  async #read<T>(path: string, parse: (text: string) => T): Promise<T> {
    const cache = cacheOf(this.#assets);
    const key = (await this.#changedKey(path)) ?? "";
    const name = `${path} ${key}`;
    const cached = cache.get(name);
    if (cached !== undefined) return cached as T;
    const response = await this.file(path);
    if (response === null) throw new NotPublished(path);
    const value = parse(await response.text());
    // What stands in for a change that cannot be read just now is not taken for it later.
    if (key !== "" && response.headers.get("etag") !== `"${key}"`) return value;
    if (cache.size >= MAX_CACHED_FILES) cache.clear();
    cache.set(name, value);
    return value;
  }
}
