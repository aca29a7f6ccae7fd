// What is wrong with a file: where, in which words, and what the names at hand stood for.
export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (value !== false && value != null)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
};

const listed = (fault) => {
  const box = make("article", { class: "fault", "data-file": fault.file });
  box.append(make("h3", { text: `${fault.file}${fault.line ? `, line ${fault.line}` : ""}` }));
  box.append(make("p", { text: fault.message }));
  if (fault.where)
    box.append(
      make("p", {
        class: "still",
        text: `Came up in ${fault.where}. The last good drawing stays, here and in the shop.`,
      }),
    );
  if (fault.lines.length) {
    const lines = fault.lines.map((line) =>
      make("div", {
        class: line.guilty && "guilty",
        text: `${String(line.number).padStart(4)}  ${line.text}`,
      }),
    );
    box.append(make("pre", { tabindex: "0" }, ...lines));
  }
  if (fault.values.length) {
    box.append(
      make(
        "dl",
        {},
        ...fault.values.flatMap((value) => [
          make("dt", { text: value.name }),
          make("dd", { text: value.shown }),
        ]),
      ),
    );
  }
  return box;
};

export const showFaults = (panel, faults) =>
  panel.replaceChildren(...faults.filter(Boolean).map(listed));
