// The Worker: answers every shopper from the edge, and the container's streams through it.

import { answer } from "./answer";
import type { Env } from "./environment";

export default {
  fetch: answer,
} satisfies ExportedHandler<Env>;
