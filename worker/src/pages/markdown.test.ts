// Markdown: for whom it is, where it comes from, and what is sent where it does not come.

import { describe, expect, it } from "vitest";

import accepts from "../../../tests/contract/accept.json";
import { fakeContainer, never, send } from "../../tests/support.ts";
import { prefersMarkdown } from "./markdown.ts";

const PAGE = "# Made by the container\n";
const AGENT = { headers: { accept: "text/markdown, text/html;q=0.9" } };

function container(requests: Request[] = [], type = "text/markdown; charset=utf-8"): unknown {
  return fakeContainer(async (request) => {
    requests.push(request);
    return new Response(PAGE, { headers: { "content-type": type, "set-cookie": "evil=1" } });
  });
}

describe("an Accept header", () => {
  it.each(accepts)("$name", ({ accept, markdown }) => {
    expect(prefersMarkdown(accept)).toBe(markdown);
  });
});

describe("who asks for Markdown", () => {
  it.each(["/store", "/store?category=Lamps", "/products/dusk-lamp"])(
    "gets the container's of %s, without its cookies and under our headers",
    async (path) => {
      const requests: Request[] = [];
      const { response, text } = await send(path, AGENT, { CONTAINER: container(requests) });
      expect(text).toBe(PAGE);
      expect(response.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
      expect(response.headers.get("vary")).toBe("accept");
      expect(response.headers.get("set-cookie")).toBeNull();
      expect(requests[0]?.headers.get("accept")).toBe("text/markdown");
      expect(new URL(requests[0]?.url ?? "").pathname).toBe(
        path.startsWith("/products") ? "/s/demo/products/dusk-lamp" : "/s/demo",
      );
    },
  );

  it.each([
    ["does not answer in time", fakeContainer(never)],
    ["answers with something else", container([], "text/html")],
    ["is not there", undefined],
  ])("gets HTML where the container %s", async (_, CONTAINER) => {
    const { response } = await send("/products/dusk-lamp", AGENT, { CONTAINER, SEARCH_MS: "50" });
    expect(response.headers.get("content-type")).toContain("text/html");
    expect(response.headers.get("vary")).toBe("accept");
  });
});

it("asks the container for nothing where HTML will do", async () => {
  const requests: Request[] = [];
  await send("/products/dusk-lamp", {}, { CONTAINER: container(requests) });
  expect(requests).toEqual([]);
});
