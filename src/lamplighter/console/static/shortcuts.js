// Keyboard shortcuts, which the page /help lists (console/pages/shortcuts.py): single keys, never while the user types or with
// Ctrl, Alt or Meta. The help switches them off for people whose speech input or screen reader would press them by accident
// (https://www.w3.org/WAI/WCAG22/Understanding/character-key-shortcuts.html); the browser remembers that.

const SWITCH = "lamplighter-shortcuts"; // in localStorage: "off" if they are switched off
const GO_MS = 1500; // the time for the second key after g
const PLACES = { n: "/", j: "/jobs", t: "/tasks", c: "/calendar", e: "/events", q: "/queues" };
const TICK = "input[type=checkbox][name=run]";

let goUntil = 0;

function areOn() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true;
  } // a browser may refuse to store anything
}

function isTyping(target) {
  return target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select") || target.isContentEditable;
}

// --- what the keys do -------------------------------------------------------------------------------------------------

// The links of the sections know the account and the region of the page.
function goTo(path) {
  const links = [...document.querySelectorAll("header nav a")];
  location.assign(links.find((each) => each.pathname === path)?.href ?? path);
}

function refresh() {
  const lists = document.querySelectorAll("[data-refresh]");
  for (const each of lists) each.dispatchEvent(new Event("refresh", { bubbles: true }));
  const fields = [...document.querySelectorAll("main textarea, main input:not([type=hidden], [type=checkbox])")];
  if (!lists.length && !fields.some((each) => each.value !== each.defaultValue)) location.reload();
}

function linkOf(row) {
  return row.querySelector("th[scope=row] a[href]") ?? row.querySelector("a[href]");
}

// The rows of the list with the focus, or else of the first list of the page whose rows lead somewhere.
function rows() {
  const own = document.activeElement.closest("main tbody");
  const lists = own ? [own] : [...document.querySelectorAll("main tbody")];
  return lists.map((each) => [...each.rows].filter(linkOf)).find((each) => each.length) ?? [];
}

function move(step) {
  const all = rows();
  const at = all.findIndex((each) => each.contains(document.activeElement));
  const to = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
  if (!all[to]) return;
  linkOf(all[to]).focus({ preventScroll: true });
  all[to].scrollIntoView({ block: "nearest" });
}

async function showHelp() {
  const answer = await fetch("/help").catch(() => null);
  if (!answer?.ok || document.querySelector("dialog[open]")) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const dialog = document.createElement("dialog");
  dialog.className = "help";
  dialog.setAttribute("aria-labelledby", "shortcuts-title");
  dialog.append(document.adoptNode(page.getElementById("shortcuts")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  offerSwitch(dialog);
  dialog.showModal();
}

const KEYS = {
  "?": showHelp,
  g: () => {
    goUntil = Date.now() + GO_MS;
  },
  r: refresh,
  j: () => move(1),
  k: () => move(-1),
  x: () => document.activeElement.closest("main tr")?.querySelector(TICK)?.click(),
  "/": () => {
    const field = document.querySelector("input#search");
    field?.focus();
    field?.select();
  },
};

function actionOf(key) {
  const isGoing = Date.now() < goUntil;
  goUntil = 0;
  if (isGoing && Object.hasOwn(PLACES, key)) return () => goTo(PLACES[key]);
  return Object.hasOwn(KEYS, key) ? KEYS[key] : null;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]") || !areOn()) return;
  const action = actionOf(event.key);
  if (!action) return;
  event.preventDefault();
  action();
});

// --- the switch in the help -------------------------------------------------------------------------------------------

function offerSwitch(root) {
  for (const each of root.querySelectorAll("[data-shortcuts]")) {
    each.checked = areOn();
    each.closest("[hidden]")?.removeAttribute("hidden");
  }
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-shortcuts]")) return;
  try {
    if (target.checked) localStorage.removeItem(SWITCH);
    else localStorage.setItem(SWITCH, "off");
  } catch {
    /* the switch lasts for this page only */
  }
});

offerSwitch(document);
