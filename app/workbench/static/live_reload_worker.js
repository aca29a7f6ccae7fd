// One listener for all windows: a browser opens only six connections to one server, and windows are many.
{
  /** @typedef {import("./live_reload.js").Message} Message */
  /** @type {Set<MessagePort>} */
  const windows = new Set();
  /** @type {Message | null} */
  let connection = null;
  const broadcast = (/** @type {Message} */ message) => {
    for (const port of windows) port.postMessage(message);
  };

  const source = new EventSource("/design/news");
  source.onopen = () => broadcast((connection = { kind: "open" }));
  source.onerror = () => broadcast((connection = { kind: "lost" }));
  source.onmessage = ({ data }) => broadcast({ kind: "saved", what: JSON.parse(data) });
  addEventListener("connect", (event) => {
    if (!(event instanceof MessageEvent)) return;
    const [port] = event.ports;
    windows.add(port);
    port.onmessage = () => windows.delete(port);
    if (connection) port.postMessage(connection);
  });
}
