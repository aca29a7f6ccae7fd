// Makes the page an application: React takes over each part as it comes.
import { createElement, startTransition } from "react";
import { hydrateRoot } from "react-dom/client";
import { Page } from "./page.mjs";

const known = {};
const parsed = (id) => (known[id] ??= JSON.parse(document.getElementById(id).textContent));
const read = (slot) => parsed(`data-${slot}`);

startTransition(() => hydrateRoot(document, createElement(Page, { setup: parsed("setup"), read })));
