// What was counted as Prometheus reads it, and as the report of /status; the words are app/'s.

import { EXPERIMENTS, REGISTRY } from "../shared/constants.ts";
import type { Counts, Metric } from "./counts.ts";

const METRICS: readonly (readonly [Metric, "counter" | "histogram"])[] = [
  [REGISTRY.VISITS, "counter"],
  [REGISTRY.STORAGE, "histogram"],
  [REGISTRY.STORAGE_ERRORS, "counter"],
  [REGISTRY.EVENTS, "counter"],
];
const LABEL_VALUE = /="((?:[^"\\]|\\.)*)"/g;

export interface Figures {
  /** Which share of visits found a page ready; null before the first visit. */
  readonly hit_rate: number | null;
  readonly visits: Readonly<Record<string, number>>;
  readonly storage_errors: readonly { store: string; operation: string; errors: number }[];
  readonly events: readonly { part: string; event: string; number: number }[];
}

export function exposition(counts: Counts): string {
  const lines = METRICS.flatMap(([[name, meaning], kind]) => {
    const samples = [...counts].filter(([sample]) => isOf(name, kind, sample));
    const values = samples.map(([sample, value]) => `${sample} ${value}`);
    return [`# HELP ${name} ${meaning}`, `# TYPE ${name} ${kind}`, ...values];
  });
  return `${lines.join("\n")}\n`;
}

export function figures(counts: Counts): Figures {
  const visits = Object.fromEntries(
    read(counts, REGISTRY.VISITS).map(([[outcome = ""], number]) => [outcome, number]),
  );
  const all = Object.values(visits).reduce((sum, number) => sum + number, 0);
  const total = all - (visits[EXPERIMENTS.PLAIN] ?? 0);
  const hits = REGISTRY.HITS.reduce((sum, outcome) => sum + (visits[outcome] ?? 0), 0);
  return {
    hit_rate: total === 0 ? null : hits / total,
    visits,
    storage_errors: read(counts, REGISTRY.STORAGE_ERRORS).map(
      ([[store = "", operation = ""], errors]) => ({ store, operation, errors }),
    ),
    events: read(counts, REGISTRY.EVENTS).map(([[part = "", event = ""], number]) => ({
      part,
      event,
      number,
    })),
  };
}

/** Return the values of a counter's labels with its number, in the order of their names. */
function read(counts: Counts, [name]: Metric): [string[], number][] {
  return [...counts]
    .filter(([sample]) => isOf(name, "counter", sample))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([sample, number]) => [
      [...sample.matchAll(LABEL_VALUE)].map(([, value = ""]) => value),
      number,
    ]);
}

function isOf(name: string, kind: "counter" | "histogram", sample: string): boolean {
  return sample.startsWith(kind === "counter" ? `${name}{` : `${name}_`);
}
