// The counts of all isolates together, in one Durable Object, which outlives them and every deploy.

import { DurableObject } from "cloudflare:workers";
import { add, type Counts } from "./counts.ts";

const KEY = "counts";

export class ShopMetrics extends DurableObject {
  readonly #counts: Counts = this.ctx.storage.kv.get<Counts>(KEY) ?? new Map();

  add(counts: Counts): void {
    for (const [sample, amount] of counts) add(this.#counts, sample, amount);
    this.ctx.storage.kv.put(KEY, this.#counts);
  }

  read(): Counts {
    return this.#counts;
  }
}
