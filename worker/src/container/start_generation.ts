// Start a page's generation, and take the page at once where the container has it finished already.

import { errorName, track } from "../telemetry.ts";
import { withTimeout } from "../util/timeout.ts";
import type { ContainerClient } from "./client.ts";
import { type PageRequest, requestPage } from "./generate.ts";

/** A generation that runs on whether or not its result is awaited. */
export interface StartedGeneration {
  /** Settles when the container has answered; for `waitUntil`. Never rejects. */
  readonly finished: Promise<void>;
  /** Return the finished page if it comes within so many milliseconds, else null. */
  resultWithin(milliseconds: number): Promise<string | null>;
}

export function startGeneration(container: ContainerClient, page: PageRequest): StartedGeneration {
  const html = generate(container, page);
  return {
    finished: html.then(() => {}),
    resultWithin: async (milliseconds) => withTimeout(milliseconds, html).catch(() => null),
  };
}

async function generate(container: ContainerClient, page: PageRequest): Promise<string | null> {
  const trackOutcome = (outcome: string, attempts: number, trace = ""): void =>
    track(container.env, { event: "composing", shop: page.shop.id, outcome, attempts, trace });
  try {
    const headers = { accept: "application/json" };
    const { response, outcome, attempts, trace } = await requestPage(
      container,
      page,
      headers,
      new AbortController().signal,
    );
    trackOutcome(outcome, attempts, trace);
    return response === null ? null : await readHtml(response);
  } catch (error) {
    trackOutcome(errorName(error), 0);
    return null;
  }
}

/** Return the page of a successful response; a partial page is one as well. */
async function readHtml(response: Response): Promise<string | null> {
  if (response.status !== 200) {
    await response.body?.cancel();
    return null;
  }
  const page: { status?: unknown; ui?: { html?: unknown } } = await response.json();
  const html = page.ui?.html;
  return page.status !== "error" && typeof html === "string" && html !== "" ? html : null;
}
