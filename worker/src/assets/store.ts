// The published folder: pages, files and what must be known of each shop, from static assets.

export interface StaticFile {
  readonly address: string;
  readonly etag: string;
}

export interface Index {
  readonly default: string;
  readonly shops: readonly string[];
  readonly static: Readonly<Record<string, StaticFile>>;
}

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
}

export class NotPublished extends Error {
  override readonly name = "NotPublished";
}

const MOST_REMEMBERED = 256;

// A deployment's assets never change, so what was read of them holds as long as the isolate does.
const remembered = new WeakMap<Fetcher, Map<string, unknown>>();

export class Published {
  readonly #assets: Fetcher;

  constructor(assets: Fetcher) {
    this.#assets = assets;
  }

  async index(): Promise<Index> {
    return this.#told<Index>("shops.json");
  }

  /** Returns the shop, the default one where no id is given, null where there is none such. */
  async shop(id?: string): Promise<Shop | null> {
    const index = await this.index();
    const wanted = id ?? index.default;
    return index.shops.includes(wanted) ? this.#told<Shop>(`shops/${wanted}/shop.json`) : null;
  }

  /** Returns a file of the shop, null where it was not published. */
  async page(shop: Shop, name: string): Promise<Response | null> {
    return this.file(`shops/${shop.id}/${name}`);
  }

  /** Returns a file's answer with its body unread, null where there is none. */
  async file(path: string, headers?: HeadersInit): Promise<Response | null> {
    const answer = await this.#assets.fetch(`https://assets.internal/${path}`, headers ? { headers } : {});
    if (answer.ok || answer.status === 304) return answer;
    await answer.body?.cancel();
    return null;
  }

  /** Returns what a JSON file of the shop tells. */
  async told<T>(shop: Shop, name: string): Promise<T> {
    return this.#told<T>(`shops/${shop.id}/${name}`);
  }

  /** Returns a small JSON file of the shop as it is written. */
  async text(shop: Shop, name: string): Promise<string> {
    return this.#read(`shops/${shop.id}/${name}`, (text) => text);
  }

  async #told<T>(path: string): Promise<T> {
    return this.#read(path, (text) => JSON.parse(text) as T);
  }

  async #read<T>(path: string, understand: (text: string) => T): Promise<T> {
    const memory = this.#memory();
    const known = memory.get(path);
    if (known !== undefined) return known as T;
    const answer = await this.file(path);
    if (answer === null) throw new NotPublished(path);
    const value = understand(await answer.text());
    if (memory.size >= MOST_REMEMBERED) memory.clear();
    memory.set(path, value);
    return value;
  }

  #memory(): Map<string, unknown> {
    const known = remembered.get(this.#assets) ?? new Map<string, unknown>();
    remembered.set(this.#assets, known);
    return known;
  }
}
