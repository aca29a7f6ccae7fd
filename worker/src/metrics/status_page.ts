// The page of /status: the report in tables, with the words and the style of the container's.

import type { HealthReport } from "../health.ts";
import { escapeHtml } from "../util/html.ts";
import type { Figures } from "./exposition.ts";

export type StatusReport = HealthReport & Figures & { readonly instances: readonly string[] };

type Row = readonly [name: string, value: string | number];

export function statusPage(report: StatusReport, stylesheet: string): string {
  const { checks, events, hit_rate, instances, status, storage_errors, visits } = report;
  const rate = hit_rate === null ? "–" : `${(100 * hit_rate).toFixed(1)} %`;
  const troubles = Object.entries(checks).filter(([, state]) => state.startsWith("failed"));
  const failures = storage_errors.map(
    (row): Row => [`Failures: ${row.store}, ${row.operation}`, row.errors],
  );
  const links = instances.map((name) => `<a href="/status?instance=${name}">${name}</a>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Status · ${status}</title>
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="${stylesheet}">
</head>
<body>
<main>
<h1>Status: ${status}</h1>
<p>What the Worker did, of all isolates together. Pages are composed in ${links.join(", ") || "no container"}.</p>
${troubles.map(([name, state]) => `<p class="warning" role="alert">${escapeHtml(`${name}: ${state}`)}</p>`).join("\n")}
${table("Checks", [...Object.entries(checks), ...failures])}
<p>${rate} found a page that was ready.</p>
${table("Visits by the page they got", Object.entries(visits))}
${table(
  "What else is counted",
  events.map(({ part, event, number }): Row => [`${part}: ${event}`, number]),
)}
</main>
</body>
</html>
`;
}

function table(caption: string, rows: readonly Row[]): string {
  const body = rows.map(
    ([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(String(value))}</td></tr>`,
  );
  return `<table>
<caption>${caption}</caption>
<tbody>
${body.join("\n") || "<tr><th>none yet</th><td>0</td></tr>"}
</tbody>
</table>`;
}
