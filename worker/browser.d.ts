// What browser scripts may take for granted beside the DOM library's types.

/** What the store page's events carry: a component's fields, or an error's message. */
interface StreamData {
  slot: string;
  type: string;
  html: string;
  message: string;
}

/** A slot of the store page: what it shows, what waits for it, and how it is looked at. */
interface StoreSlot {
  place: HTMLElement;
  html?: string;
  waiting?: StreamData | undefined;
  /** Milliseconds since the page began, 0 where it is out of view. */
  inViewSince: number;
  read: boolean;
}

/** Our documents are HTML: what a selector finds is an HTML element. */
interface ParentNode {
  querySelector<K extends keyof HTMLElementTagNameMap>(
    selector: K,
  ): HTMLElementTagNameMap[K] | null;
  querySelector<E extends HTMLElement = HTMLElement>(selector: string): E | null;
  querySelectorAll<K extends keyof HTMLElementTagNameMap>(
    selector: K,
  ): NodeListOf<HTMLElementTagNameMap[K]>;
  querySelectorAll<E extends HTMLElement = HTMLElement>(selector: string): NodeListOf<E>;
}

interface Document {
  /** Whether the page is prepared ahead of a shopper; undefined where browsers do not do that. */
  readonly prerendering?: boolean;
}

interface Element {
  closest<K extends keyof HTMLElementTagNameMap>(selector: K): HTMLElementTagNameMap[K] | null;
  closest<E extends HTMLElement = HTMLElement>(selector: string): E | null;
}

/** Any element may be asked for what only fields have. */
interface Element {
  value?: unknown;
  defaultValue?: unknown;
  selectionStart?: number | null;
  selectionEnd?: number | null;
  setSelectionRange?(start: number | null, end?: number | null): void;
}

/** The part of axe-core that the workbench's checks use, in the frames that load it. */
interface Axe {
  run(
    context: Node,
    options: {
      resultTypes: string[];
      runOnly?: string[];
      rules?: Record<string, { enabled: boolean }>;
    },
  ): Promise<{
    violations: { id: string; help: string; impact: string; nodes: { target: string[] }[] }[];
  }>;
}
interface Window {
  axe?: Axe;
}

/** What a `layout-shift` entry has beside others. */
interface PerformanceEntry {
  hadRecentInput?: boolean;
  value?: number;
}
