// Setting a page going, and taking it at once where the container has it finished already.

import { withTimeout } from "../util/timeout.ts";
import { errorName, track } from "../telemetry.ts";
import { askForPage, type Container, type Wanted } from "./generate.ts";

/** A composing that has been set going; it goes on whether or not anybody waits for it. */
export interface SetGoing {
  /** Settles when the container has answered; for `waitUntil`. Never rejects. */
  readonly over: Promise<void>;
  /** Returns the finished page if the container hands it over within so many milliseconds. */
  soon(milliseconds: number): Promise<string | null>;
}

export function compose(container: Container, wanted: Wanted): SetGoing {
  const page = composed(container, wanted);
  return {
    over: page.then(() => {}),
    soon: async (milliseconds) => withTimeout(milliseconds, page).catch(() => null),
  };
}

async function composed(container: Container, wanted: Wanted): Promise<string | null> {
  const { env } = container;
  const told = (outcome: string, attempts: number): void =>
    track(env, { event: "composing", shop: wanted.shop.id, outcome, attempts });
  try {
    const headers = { accept: "application/json" };
    const asked = await askForPage(container, wanted, headers, new AbortController().signal);
    told(asked.outcome, asked.attempts);
    return asked.answer === null ? null : await htmlOf(asked.answer);
  } catch (error) {
    told(errorName(error), 0);
    return null;
  }
}

/** Returns the page of a good answer; a partial page is a page as well. */
async function htmlOf(answer: Response): Promise<string | null> {
  if (answer.status !== 200) {
    await answer.body?.cancel();
    return null;
  }
  const told: { status?: unknown; ui?: { html?: unknown } } = await answer.json();
  const html = told.ui?.html;
  return told.status !== "error" && typeof html === "string" && html !== "" ? html : null;
}
