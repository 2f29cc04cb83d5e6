// The selected state: its URL, its mark in the graph, and the panel beside the graph.
import { loadPart, replaceContent } from "../parts.js";
import { findItem, inWords } from "./painting.js";

/** @type {() => string | null} */
export function selectedName() {
  return new URLSearchParams(location.search).get("state");
}

// The chosen items of Maps stay chosen.
/** @type {(figure: HTMLElement, name: string) => string} */
export function stateUrl(figure, name) {
  return `${figure.dataset.run}?state=${encodeURIComponent(name)}${figure.dataset.items}`;
}

/** @type {(figure: HTMLElement, name?: string | null) => void} */
export function markSelected(figure, name = selectedName()) {
  for (const node of figure.querySelectorAll(".node")) {
    const link = node.querySelector(":scope > a");
    if (node.dataset.name === name) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

let request = new AbortController();

/** @type {(figure: HTMLElement) => Promise<void>} */
export async function showDetail(figure) {
  markSelected(figure);
  request.abort();
  request = new AbortController();
  try {
    const html = await loadPart(`${figure.dataset.run}/detail${location.search}`, request.signal);
    if (html !== null) replaceContent(figure.parentNode.querySelector("#detail"), html);
  } catch (error) {
    if (error.name !== "AbortError") console.info(`lamplighter: ${error.message}`);
  }
}

/** @type {(figure: HTMLElement, name: string) => void} */
export function selectState(figure, name) {
  history.pushState(null, "", stateUrl(figure, name));
  showDetail(figure);
}

// Show in this page what a link of it selects. Another choice of items colours the graph anew: the browser loads it.
/** @type {(figure: HTMLElement, event: PageEvents["click"]) => void} */
export function followLink(figure, event) {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const url = new URL(link.getAttribute("href"), location.href);
  const items = (query) => new URLSearchParams(query).getAll("item").join("\u0000");
  if (url.pathname !== location.pathname || link.closest("nav") || items(url.search) !== items(figure.dataset.items))
    return;
  event.preventDefault();
  history.pushState(null, "", url);
  showDetail(figure);
}

/** @type {(list: Element) => string} */
export function statusesOfSelection(list) {
  const whole = document.querySelector("#summary .status");
  return `${findItem(list, selectedName())?.dataset.status} ${whole?.dataset.status}`;
}

// The text for screen readers.
/** @type {(list: Element) => string} */
export function announcement(list) {
  const name = selectedName();
  const item = findItem(list, name);
  const statusText = item ? `${name}: ${inWords(item.dataset.status)}. ` : "";
  return `${statusText}The run: ${document.querySelector("#summary .status").textContent}.`;
}
