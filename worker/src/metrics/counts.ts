// Numbers by sample, of which there are only so many.

import { REGISTRY } from "../shared/constants.ts";

/** Numbers by sample, which is named as Prometheus reads it. */
export type Counts = Map<string, number>;

/** A metric's name, meaning and labels. */
export type Metric = readonly [name: string, meaning: string, ...labels: string[]];

const MAX_SAMPLES = 1_000;
/** Counts what there was no room for. */
const OVERFLOW = nameSample(REGISTRY.EVENTS, ["metrics", "overflow"]);

/** Add to a sample, of which there are only so many. */
export function add(counts: Counts, sample: string, amount: number): void {
  const name = counts.has(sample) || counts.size < MAX_SAMPLES ? sample : OVERFLOW;
  counts.set(name, (counts.get(name) ?? 0) + amount);
}

/** Name a sample of a metric by the values of its labels, as Prometheus reads it. */
export function nameSample([name, , ...labels]: Metric, values: readonly string[]): string {
  const escaped = values.map((value) =>
    value.replace(/[\\"\n]/g, (found) => (found === "\n" ? "\\n" : `\\${found}`)),
  );
  return `${name}{${labels.map((label, at) => `${label}="${escaped[at]}"`).join(",")}}`;
}
