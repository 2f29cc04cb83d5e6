// Refresh lists from time to time while they are visible: each element with an id and data-refresh, the seconds between
// two refreshes. Only what differs is replaced (Idiomorph), so the scroll position, the focus, ticked rows and open details
// stay. A list waits while the user types in it, has selected text in it, or moves the pointer over it.
import { lostSince } from "./follow.js";
import { loadPart, tellRenewed } from "./parts.js";

const REST_MS = 3000; // the time after the pointer has moved over a list until its rows may move

const refreshed = new WeakMap(); // by list: when it was refreshed, or the page was loaded
const pending = new WeakSet(); // lists whose answer has not arrived yet
const loaded = Date.now();
let pointerMoved = 0;

function isInUse(list) {
  const active = document.activeElement;
  const selection = getSelection();
  if (list.contains(active) && active.matches("input:not([type=checkbox]), select, textarea")) return true;
  if (!selection.isCollapsed && selection.rangeCount && selection.getRangeAt(0).intersectsNode(list)) return true;
  return list.matches(":hover") && Date.now() - pointerMoved <= REST_MS;
}

// What the user or a script has changed on the page is no difference: a ticked box, a localised or counting time, a button
// that asks for confirmation.
function shouldMorph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE || old.tagName !== fresh.tagName) return true;
  if (old.matches("[data-asked]")) return false;
  if (old.matches("time")) return old.dateTime !== fresh.dateTime;
  if (old.matches("[data-since]")) return old.dataset.since !== fresh.dataset.since;
  if (old.matches("[data-until]")) return old.dataset.until !== fresh.dataset.until;
  if (old.matches("input, textarea")) return old.name !== fresh.name || old.defaultValue !== fresh.defaultValue;
  return true;
}

const callbacks = {
  beforeNodeMorphed: shouldMorph,
  beforeAttributeUpdated: (name, element) => !(name === "open" && element.matches("details")),
};

async function readFresh(list) {
  const html = await loadPart(location.href);
  return html === null ? null : new DOMParser().parseFromString(html, "text/html").getElementById(list.id);
}

async function refresh(list) {
  if (pending.has(list)) return;
  pending.add(list);
  refreshed.set(list, Date.now());
  try {
    const fresh = await readFresh(list);
    if (!fresh || !list.isConnected || isInUse(list)) return;
    window.Idiomorph.morph(list, fresh, { callbacks });
    tellRenewed(list);
  } catch (error) {
    console.info(`lamplighter: ${error.message}`); // follow.js reports an engine that does not answer
  } finally {
    pending.delete(list);
  }
}

function isDue(list) {
  return Date.now() - (refreshed.get(list) ?? loaded) >= 1000 * list.dataset.refresh;
}

document.addEventListener("pointermove", () => {
  pointerMoved = Date.now();
});
document.addEventListener("refresh", ({ target }) => {
  if (target.matches?.("[data-refresh]")) refresh(target);
});
setInterval(() => {
  if (lostSince !== null || document.visibilityState !== "visible") return;
  for (const each of document.querySelectorAll("[data-refresh]")) if (isDue(each) && !isInUse(each)) refresh(each);
}, 1000);
