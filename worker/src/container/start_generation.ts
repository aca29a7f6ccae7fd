// Have a page generated, and take it where the container has it finished already.

import { errorName, track } from "../telemetry.ts";
import type { ContainerClient } from "./client.ts";
import { type PageRequest, requestPage } from "./generate.ts";

/** Return the finished page, null where the container gives none; never reject. */
export async function generatePage(
  container: ContainerClient,
  page: PageRequest,
): Promise<string | null> {
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
    const generated = response === null ? null : await readPage(response);
    trackOutcome(generated?.shortfall || outcome, attempts, trace);
    return generated?.html ?? null;
  } catch (error) {
    trackOutcome(errorName(error), 0);
    return null;
  }
}

interface GeneratedPage {
  readonly html: string | null;
  /** Why it is not what it could be, such as MODEL_UNAVAILABLE; empty where it is. */
  readonly shortfall: string;
}

/** Return the page of a successful response; a partial page is one as well. */
async function readPage(response: Response): Promise<GeneratedPage | null> {
  if (response.status !== 200) {
    await response.body?.cancel();
    return null;
  }
  const { status, ui, error }: GeneratedJson = await response.json();
  const html =
    status !== "error" && typeof ui?.html === "string" && ui.html !== "" ? ui.html : null;
  return { html, shortfall: typeof error?.code === "string" ? error.code : "" };
}

interface GeneratedJson {
  readonly status?: unknown;
  readonly ui?: { readonly html?: unknown };
  readonly error?: { readonly code?: unknown };
}
