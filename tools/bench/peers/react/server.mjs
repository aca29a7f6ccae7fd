// `node server.mjs MODEL_URL SETUP SHOP_URL`: the page by the AI SDK and React, streamed as both do it.
// The AI SDK reads the model and React sends each part of the page once it is whole. What else a
// browser asks for (styles, pictures) comes from the shop.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, streamText } from "ai";
import { createElement, use } from "react";
import { renderToPipeableStream } from "react-dom/server";
import { z } from "zod";
import { Page } from "./page.mjs";

const [modelUrl, setupPath, shopUrl] = process.argv.slice(2);
const setup = JSON.parse(readFileSync(setupPath, "utf8"));
const client = readFileSync(new URL("./client.js", import.meta.url));
const provider = createOpenAICompatible({
  name: "bench",
  baseURL: modelUrl,
  apiKey: "bench",
  supportsStructuredOutputs: true,
});
const part = z.object({
  type: z.string(),
  id: z.string(),
  config: z.record(z.string(), z.any()),
});
const schema = z.object({ components: z.array(part) });

// Fill the slots as the model's parts are whole: each once the next has begun, the last at the end.
async function compose(settle) {
  const result = streamText({
    model: provider.chatModel("bench"),
    prompt: "Compose the page.",
    output: Output.object({ schema }),
  });
  let parts = [];
  let done = 0;
  for await (const partial of result.partialOutputStream) {
    parts = partial.components ?? [];
    while (done < parts.length - 1) settle(parts[done++]);
  }
  while (done < parts.length) settle(parts[done++]);
}

function page(response) {
  const open = new Map();
  const promises = new Map(
    setup.slots.map(([slot]) => [
      slot,
      new Promise((resolve, reject) => open.set(slot, { resolve, reject })),
    ]),
  );
  const settle = ({ type, config }) => {
    const ids = config.product_ids ?? (config.product_id ? [config.product_id] : []);
    open.get(type)?.resolve({ props: config, items: ids.map((id) => setup.products[id]) });
    open.delete(type);
  };
  const read = (slot) => use(promises.get(slot));
  const { pipe, abort } = renderToPipeableStream(createElement(Page, { setup, read }), {
    bootstrapModules: ["/client.js"],
    onShellReady() {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      pipe(response);
    },
    onError(error) {
      console.error(error);
    },
  });
  compose(settle)
    .then(() => {
      for (const [slot, { reject }] of open) reject(new Error(`the model left out ${slot}`));
    })
    .catch(abort);
}

async function fromShop(url, response) {
  const found = await fetch(shopUrl + url);
  const kept = ["content-type", "cache-control"].map((name) => [name, found.headers.get(name)]);
  response.writeHead(found.status, Object.fromEntries(kept.filter(([, value]) => value)));
  Readable.fromWeb(found.body).pipe(response);
}

const server = createServer((request, response) => {
  if (request.url === "/store") page(response);
  else if (request.url === "/client.js") {
    response.writeHead(200, { "content-type": "text/javascript" }).end(client);
  } else fromShop(request.url, response).catch(() => response.writeHead(502).end());
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
