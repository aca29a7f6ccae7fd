// Which arm of which experiment a shopper is in, computed as by the container.

import { EXPERIMENTS } from "../shared/constants.ts";
import { sha256Hex } from "../util/sha256.ts";

const { HOLDOUT, HELD, REST, PLAIN } = EXPERIMENTS;
const POINT_DIGITS = 8;

type Arm = readonly [name: string, page: string, below: number, pins: boolean, limited: boolean];

export interface Experiment {
  readonly name: string;
  readonly share: number;
  /** Unix seconds, null where there is no end. */
  readonly begins: number | null;
  readonly ends: number | null;
  readonly personas: readonly string[];
  readonly arms: readonly Arm[];
}

export interface Experiments {
  readonly holdout: number;
  readonly running: readonly Experiment[];
}

/** The shopper's arm; every name is empty where they are in no experiment. */
export interface Assignment {
  readonly experiment: string;
  readonly arm: string;
  readonly page: string;
  /** Whether the shopper's page shows what the merchant pins. */
  readonly pins: boolean;
  /** Whether the arm may stop itself. */
  readonly limited: boolean;
}

export const NO_ARM: Assignment = {
  experiment: "",
  arm: "",
  page: "",
  pins: true,
  limited: false,
};

/** Return what tells pages and decisions of this arm from all others. */
export function armKey({ experiment, arm }: Assignment): string {
  return experiment === "" ? "" : `${experiment}.${arm}`;
}

/** Return the hash that the shopper's page is stored under: an arm has pages of its own. */
export function pageHash(personaHash: string, assignment: Assignment): string {
  const key = armKey(assignment);
  return key === "" ? personaHash : `${personaHash}.${key}`;
}

export function isPlain({ page }: Assignment): boolean {
  return page === PLAIN;
}

/** Return a shopper's arm at a moment: of the first experiment that has one for them. */
export async function assign(
  experiments: Experiments,
  shopperId: string,
  personaType: string,
  now: number,
): Promise<Assignment> {
  const current = experiments.running.filter((experiment) => isRunning(experiment, now));
  if (current.length > 0 && (await point(HOLDOUT, shopperId)) < experiments.holdout)
    return { ...NO_ARM, experiment: HOLDOUT, arm: HELD, page: PLAIN };
  for (const { name, share, personas, arms } of current) {
    const isMeant = personas.length === 0 || personas.includes(personaType);
    if (!isMeant || (await point(`${name}:share`, shopperId)) >= share) continue;
    const at = await point(name, shopperId);
    const [arm, page, , pins, limited] = arms.find(([, , below]) => at < below) as Arm;
    return { experiment: name, arm, page, pins, limited };
  }
  return NO_ARM;
}

/** Return the comparisons that a shopper who saw a page counts in: experiment and arm. */
export async function exposures(
  experiments: Experiments,
  shopperId: string,
  assigned: Assignment,
  now: number,
): Promise<[experiment: string, arm: string][]> {
  const { experiment, arm } = assigned;
  const own: [string, string][] =
    experiment !== "" && experiment !== HOLDOUT ? [[experiment, arm]] : [];
  const isCompared =
    experiments.holdout > 0 && experiments.running.some((item) => isRunning(item, now));
  if (!isCompared) return own;
  const isHeld = (await point(HOLDOUT, shopperId)) < experiments.holdout;
  return [...own, [HOLDOUT, isHeld ? HELD : REST]];
}

function isRunning({ begins, ends }: Experiment, now: number): boolean {
  return (begins === null || begins <= now) && (ends === null || now < ends);
}

/** Return where a shopper stands: a number evenly spread, and always the same. */
export async function point(salt: string, shopperId: string): Promise<number> {
  return Number.parseInt((await sha256Hex(`${salt}:${shopperId}`)).slice(0, POINT_DIGITS), 16);
}
