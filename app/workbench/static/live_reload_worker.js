// One listener for all windows: a browser opens only six connections to one server, and windows are many.
const windows = new Set();
let last = null;
const tell = (what) => {
  for (const port of windows) port.postMessage(what);
};
const source = new EventSource("/design/news");
source.onopen = () => tell((last = { kind: "open" }));
source.onerror = () => tell((last = { kind: "lost" }));
source.onmessage = ({ data }) => tell({ kind: "saved", what: JSON.parse(data) });
self.onconnect = ({ ports: [port] }) => {
  windows.add(port);
  port.onmessage = () => windows.delete(port);
  if (last) port.postMessage(last);
};
