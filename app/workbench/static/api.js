// Asks the workbench's server: reads freely, writes with the token that only our pages carry.
const token = document.querySelector("meta[name=workbench-token]").content;

export const read = async (address) => {
  const answer = await fetch(address, { cache: "no-store" });
  return answer.json();
};

export const write = async (address, what) => {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Workbench-Token": token },
    body: JSON.stringify(what),
  });
  const said = await answer.json().catch(() => ({ error: `answered ${answer.status}` }));
  if (!answer.ok) throw new Error(said.error ?? `answered ${answer.status}`);
  return said;
};
