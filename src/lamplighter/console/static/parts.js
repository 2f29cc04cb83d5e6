// Load a part of a page, put it into the page, and tell other scripts of it: they listen for "renewed", for example to
// name the cells of its tables.
import { inZoneOfPage } from "./clock.js";

// Return the HTML, in the zone of this page; null if the server refuses it.
/** @type {(url: string, signal?: AbortSignal) => Promise<string | null>} */
export async function loadPart(url, signal) {
  const answer = await fetch(inZoneOfPage(url), { headers: { "x-lamplighter-part": "1" }, cache: "no-store", signal });
  if (answer.status === 401) location.reload(); // the session has ended
  return answer.ok ? answer.text() : null;
}

// Replace the content of an element. What has the focus and an id keeps the focus.
/** @type {(element: Element, html: string) => void} */
export function replaceContent(element, html) {
  const active = document.activeElement;
  const id = element.contains(active) ? active.id : "";
  element.innerHTML = html;
  document.getElementById(id)?.focus({ preventScroll: true });
  tellRenewed(element);
}

/** @type {(element: Element) => void} */
export function tellRenewed(element) {
  element.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
}
