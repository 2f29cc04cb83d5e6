// The tools above a large graph: a field that finds a state by its name, and buttons that zoom.

/** @type {(zoom: import("./zoom.js").Zoom, names: string[], goTo: (state: string) => void) => HTMLElement} */
export function buildToolbar(zoom, names, goTo) {
  const bar = make("div", { class: "tools" });
  const scale = make("output", { class: "quiet" });
  zoom.onchange = () => {
    scale.textContent = `${Math.round(zoom.scale * 100)} %`;
  };
  bar.append(
    buildFinder(names, goTo),
    button("−", "Zoom out (minus key)", () => zoom.reduce()),
    scale,
    button("+", "Zoom in (plus key)", () => zoom.enlarge()),
    button("Fit", "Fit to window (zero key)", () => zoom.fit()),
  );
  return bar;
}

function make(tag, attributes, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function button(text, label, act) {
  const made = make("button", { type: "button", class: "small", title: label, "aria-label": label }, [text]);
  made.addEventListener("click", act);
  return made;
}

// Enter goes to the first state with the text in its name; another Enter goes to the next one.
function buildFinder(names, goTo) {
  const options = make(
    "datalist",
    { id: "graph-states" },
    names.map((name) => make("option", { value: name })),
  );
  const field = make("input", {
    type: "search",
    list: "graph-states",
    placeholder: "Find a state",
    "aria-label": "Find a state",
    autocomplete: "off",
  });
  const found = make("span", { class: "quiet small", role: "status" });
  const form = make("form", { role: "search" }, [field, options, found]);
  let last = { text: "", at: -1 };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const matches = findStates(names, field.value);
    last = {
      text: field.value,
      at: matches.length ? ((last.text === field.value ? last.at : -1) + 1) % matches.length : -1,
    };
    found.textContent = matches.length > 1 ? `${last.at + 1} of ${matches.length}` : "";
    if (matches.length) goTo(matches[last.at]);
    else if (field.value.trim()) found.textContent = "No such state";
  });
  field.addEventListener("input", () => {
    found.textContent = "";
  });
  return form;
}

/** @type {(names: string[], text: string) => string[]} */
export function findStates(names, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const exact = names.filter((name) => name.toLowerCase() === wanted);
  if (exact.length) return exact;
  const rank = (name) => (name.toLowerCase().startsWith(wanted) ? 0 : 1);
  return names.filter((name) => name.toLowerCase().includes(wanted)).sort((one, other) => rank(one) - rank(other));
}
