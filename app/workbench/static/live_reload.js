// Hears what is saved: through the listener that all windows share, or by itself where there can be none.
const shared = (heard) => {
  const worker = new SharedWorker("/design/static/live_reload_worker.js", "news of the workbench");
  worker.port.onmessage = ({ data }) => heard(data);
  addEventListener("pagehide", () => worker.port.postMessage("gone"));
};

const alone = (heard) => {
  const source = new EventSource("/design/news");
  source.onopen = () => heard({ kind: "open" });
  source.onerror = () => heard({ kind: "lost" });
  source.onmessage = ({ data }) => heard({ kind: "saved", what: JSON.parse(data) });
};

export const listen = (heard) => (window.SharedWorker ? shared : alone)(heard);
