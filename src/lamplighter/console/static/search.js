// The search field of every page: show the first results below it while the reader types. A combobox with a list, as
// https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ describes it. Without this script, the field opens the page /search.
import { fieldsOf } from "./fields.js";

const REST_MS = 200; // the time after the last key until the search is sent
const MIN_LENGTH = 2;

const field = document.querySelector("input#search");
const box = document.getElementById("search-results");
let timer = 0;
let request = null;

function options() {
  return [...box.querySelectorAll("[role=option]")];
}

function close() {
  box.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function open() {
  box.hidden = false;
  field.setAttribute("aria-expanded", "true");
}

// Forget what is under way, so that no late answer opens the list again.
function cancel() {
  clearTimeout(timer);
  request?.abort();
  request = null;
}

function choose(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (!option) {
    field.removeAttribute("aria-activedescendant");
    return;
  }
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function chosen() {
  return box.hidden ? null : options().find((each) => each.getAttribute("aria-selected") === "true");
}

function go(option) {
  cancel();
  close(); // the browser may show this page again as it was
  location.assign(option.dataset.path);
}

async function search() {
  const words = field.value.trim();
  if (words.length < MIN_LENGTH) {
    close();
    return;
  }
  request = new AbortController();
  const query = fieldsOf(field.form);
  query.set("brief", "1");
  try {
    const answer = await fetch(`${field.form.action}?${query}`, { signal: request.signal, cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("search-list");
    if (!found || document.activeElement !== field) return;
    box.replaceChildren(document.adoptNode(found));
    open();
  } catch (error) {
    if (error.name !== "AbortError") close(); // the engine does not answer: follow.js says so
  }
}

// From the field down to the first result, and from the last one back to the field.
function move(step) {
  const all = options();
  const at = all.indexOf(chosen());
  const next = at + step;
  if (at < 0) choose(step > 0 ? all[0] : all.at(-1));
  else choose(all[next] ?? null);
}

function pressKey(event) {
  if (event.isComposing) return;
  if (event.key === "Escape") {
    cancel();
    if (!box.hidden) {
      event.preventDefault(); // the text stays; a second Escape clears it
      close();
    }
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (box.hidden && options().length && field.value.trim()) open();
    if (!box.hidden) move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && chosen()) {
    event.preventDefault();
    go(chosen());
  }
}

function start() {
  const attributes = {
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": "search-results",
  };
  for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);
  field.addEventListener("input", () => {
    cancel();
    timer = setTimeout(search, REST_MS);
  });
  field.addEventListener("keydown", pressKey);
  field.addEventListener("blur", () => {
    cancel();
    close();
  });
  field.form.addEventListener("submit", cancel);
  box.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  box.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) go(option);
  });
}

if (field) start();
