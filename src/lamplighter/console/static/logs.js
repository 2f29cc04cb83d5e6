// The view of a log: load its lines in both directions, follow its end, go to matches and lines. It works without this
// script, too, page by page.
//
// The log consists of parts (templates/log_lines.html). The first and the last part state from which line on there are
// more lines (data-earlier, data-later). Parts far from what is visible are removed and loaded again when needed.
import { FollowedStream } from "./follow.js";
import { tellRenewed } from "./parts.js";

const MAX_LINES = 2400; // in the page
const NEAR = 1200; // pixels from an edge at which more lines are loaded
const END = 40; // pixels from the end at which the reader follows the log
const WRAP = "lamplighter.log.wrap";

const view = document.querySelector("[data-log]");
const log = document.getElementById("log");
const said = view.querySelector(".said");
const followButton = view.querySelector("[data-follow]");
const wrapButton = view.querySelector("[data-wrap]");
let running = view.dataset.running === "true"; // false once the log is complete
let stream = null;
let following = false;
let loading = null; // the promise of the part that is being loaded
let replacing = false; // whether another place of the log is being loaded, in the place of all parts
let counted = null; // the matches of the search, as far as they are known
let reconnects = 0;

function announce(text) {
  said.textContent = "";
  requestAnimationFrame(() => {
    said.textContent = text;
  });
}

// --- parts ------------------------------------------------------------------------------------------------------------

const parts = () => [...log.querySelectorAll(".part")];
const firstPart = () => /** @type {HTMLElement} */ (log.firstElementChild);
const lastPart = () => /** @type {HTMLElement} */ (log.lastElementChild);
const lineId = (line) => line.id.slice(1);
const linesOf = (element) => [...element.querySelectorAll(".l")];

function parsePart(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.querySelector(".part");
}

async function fetchPart(place) {
  const answer = await fetch(`${view.dataset.parts}/lines?${place}`);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return parsePart(await answer.text());
}

// Let other scripts process inserted lines, for example show their times in the chosen zone.
function process(part) {
  tellRenewed(part.querySelector(".rows"));
  view.querySelector(".empty-log")?.toggleAttribute("hidden", Boolean(log.querySelector(".l")));
}

// Change the lines above what is visible without moving it.
function keepPlace(change) {
  const height = log.scrollHeight;
  const top = log.scrollTop;
  change();
  log.scrollTop = top + log.scrollHeight - height;
}

function removeEarlyParts() {
  let number = linesOf(log).length;
  keepPlace(() => {
    for (const each of parts()) {
      const lines = linesOf(each).length;
      if (number - lines < MAX_LINES || each === lastPart()) return;
      each.remove();
      number -= lines;
      const first = log.querySelector(".l");
      if (first) firstPart().dataset.earlier = lineId(first);
    }
  });
}

function removeLateParts() {
  let number = linesOf(log).length;
  for (const each of parts().reverse()) {
    const lines = linesOf(each).length;
    if (number - lines < MAX_LINES || each === firstPart()) return;
    disconnect();
    each.remove();
    number -= lines;
    const last = linesOf(log).at(-1);
    if (last) lastPart().dataset.later = lineId(last);
  }
}

function addEarlier(part) {
  keepPlace(() => {
    log.prepend(part);
    process(part);
  });
  removeLateParts();
}

function addLater(part) {
  log.append(part);
  process(part);
  countMatches(part);
  if (following || log.scrollTop > 3 * NEAR) removeEarlyParts();
}

// Load one part; a second call while it is loading waits for the first one.
function load(place, add) {
  loading ??= fetchPart(place)
    .then(add)
    .catch((error) => announce(`No lines arrived: ${error.message}`))
    .finally(() => {
      loading = null;
    });
  return loading;
}

async function loadEarlier() {
  const cursor = firstPart().dataset.earlier;
  if (cursor) await load(`${view.dataset.query}&before=${encodeURIComponent(cursor)}`, addEarlier);
  return Boolean(cursor);
}

async function loadLater() {
  const cursor = lastPart().dataset.later;
  if (cursor) await load(`${view.dataset.query}&after=${encodeURIComponent(cursor)}`, addLater);
  return Boolean(cursor);
}

let filling = false;

// Load lines until enough of them are around what is visible, and follow the log if its end is here.
async function fill() {
  if (filling || replacing) return;
  filling = true;
  try {
    while (!replacing) {
      const bottom = log.scrollHeight - log.scrollTop - log.clientHeight;
      const before = [firstPart().dataset.earlier, lastPart().dataset.later].join();
      if (log.scrollTop < NEAR && firstPart().dataset.earlier) await loadEarlier();
      else if (bottom < NEAR && lastPart().dataset.later) await loadLater();
      else break;
      if (before === [firstPart().dataset.earlier, lastPart().dataset.later].join()) break; // an error
    }
    connect();
  } finally {
    filling = false;
    showState();
  }
}

async function show(place) {
  replacing = true;
  disconnect();
  try {
    while (loading) await loading;
    await load(place, (part) => {
      log.replaceChildren(part);
      process(part);
      if (part.dataset.count !== undefined) readCount(part);
    });
  } finally {
    replacing = false;
  }
}

async function goToFirst() {
  if (firstPart().dataset.earlier) await show(`${view.dataset.query}&at=first`);
  log.scrollTop = 0;
  await fill();
}

async function goToLast() {
  if (lastPart().dataset.later) await show(`${view.dataset.query}&at=last`);
  log.scrollTop = log.scrollHeight;
  await fill();
  log.scrollTop = log.scrollHeight;
}

// --- follow -----------------------------------------------------------------------------------------------------------

const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < END;

function connect() {
  if (!running || stream || replacing || lastPart().dataset.later) return;
  const after = encodeURIComponent(lastPart().dataset.position);
  reconnects += 1;
  const url = `${view.dataset.parts}/live?${view.dataset.query}&after=${after}&nr=${reconnects}`;
  stream = new FollowedStream(url, { lines: (html, id) => receive(parsePart(html), id), end });
}

function end() {
  disconnect();
  running = false;
  showState();
  announce("The log is complete.");
}

function disconnect() {
  stream?.close();
  stream = null;
}

function receive(part, position) {
  const follows = atEnd();
  part.dataset.position = position;
  part.dataset.later = ""; // the next event has what follows
  log.append(part);
  process(part);
  countMatches(part);
  if (follows) {
    removeEarlyParts();
    log.scrollTop = log.scrollHeight;
  } else if (linesOf(log).length > 2 * MAX_LINES) removeLateParts();
  showState();
}

function showState() {
  following = running && stream !== null && atEnd();
  log.setAttribute("aria-live", following ? "polite" : "off");
  followButton.hidden = !running || following;
  const state = view.querySelector(".state");
  const text = running ? (following ? "live" : "live, not followed") : "complete";
  if (state.dataset.text === text) return;
  state.dataset.text = text;
  const shown = document.createElement("span");
  if (running) {
    shown.className = "status";
    shown.dataset.status = following ? "RUNNING" : "PENDING";
  } else shown.className = "quiet small";
  shown.textContent = running ? text : "Complete";
  state.replaceChildren(shown);
}

// --- matches ----------------------------------------------------------------------------------------------------------

const keyOf = (id) => id.split("-").map(Number);

function isAfter(id, other) {
  const [one, two] = [keyOf(id), keyOf(other)];
  return one[0] !== two[0] ? one[0] > two[0] : (one[1] ?? 0) > (two[1] ?? 0);
}

function readCount(part) {
  counted = {
    number: Number(part.dataset.count),
    complete: part.dataset.complete === "true",
    through: part.dataset.through || "0",
  };
  showCount();
}

// Count the matches that have arrived since the server counted.
function countMatches(part) {
  if (!counted) return;
  for (const line of linesOf(part)) {
    if (!isAfter(lineId(line), counted.through)) continue;
    counted.through = lineId(line);
    if (line.matches(".match")) counted.number += 1;
  }
  showCount();
}

function showCount() {
  const number = counted.number.toLocaleString("en");
  const words = counted.number === 1 ? "match" : "matches";
  const count = view.querySelector(".count");
  if (count) count.textContent = counted.complete ? `${number} ${words}` : `at least ${number} matches`;
}

async function goToMatch(forward) {
  for (;;) {
    const matches = [...log.querySelectorAll(".match")];
    const found = forward ? nextMatch(matches) : nextMatch(matches.reverse());
    if (found) return markCurrent(found);
    if (!(await (forward ? loadLater() : loadEarlier())))
      return announce(forward ? "No later match" : "No earlier match");
  }
}

// Return the match that follows the current one, or else the first one that is visible.
function nextMatch(matches) {
  const current = matches.findIndex((each) => each.matches(".current"));
  if (current >= 0) return matches[current + 1];
  const box = log.getBoundingClientRect();
  return (
    matches.find((each) => {
      const { top, bottom } = each.getBoundingClientRect();
      return top < box.bottom && bottom > box.top;
    }) ?? matches[0]
  );
}

function markCurrent(line) {
  for (const each of log.querySelectorAll(".current")) each.classList.remove("current");
  line.classList.add("current");
  line.scrollIntoView({ block: "center" });
  announce(`${line.querySelector(".n").textContent}: ${line.querySelector(".m").textContent.slice(0, 200)}`);
}

// --- links to lines ---------------------------------------------------------------------------------------------------

let anchor = null; // the id of the line from which a range is selected

function select(line, toRange) {
  const lines = linesOf(log);
  const begin = toRange && anchor ? lines.findIndex((each) => lineId(each) === anchor) : -1;
  if (begin < 0) anchor = lineId(line);
  const [first, last] = [begin < 0 ? lines.indexOf(line) : begin, lines.indexOf(line)].sort(
    (one, other) => one - other,
  );
  for (const [at, each] of lines.entries()) each.classList.toggle("marked", first <= at && at <= last);
  const ids = [...new Set([lines[first], lines[last]].map(lineId))].join("..");
  const url = new URL(
    `${view.dataset.url}?${view.dataset.logQuery}&line=${ids}#L${lineId(lines[first])}`,
    location.href,
  );
  history.replaceState(null, "", url);
  copyLink(url.href, first === last ? "the line" : "these lines");
}

async function copyLink(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    announceShortly(`Copied the link to ${what}.`);
  } catch {
    // only a page of a secure origin may write to the clipboard
    announceShortly(`The address bar has the link to ${what}.`);
  }
}

let toastTimer = 0;

function announceShortly(text) {
  announce(text);
  said.classList.replace("hidden", "toast");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => said.classList.replace("toast", "hidden"), 2500);
}

// Show the line that the address names, also if only its fragment does (#L12).
async function goToFragment() {
  const id = decodeURIComponent(location.hash.slice(2));
  if (!location.hash.startsWith("#L") || !id) return;
  if (!document.getElementById(`L${id}`)) {
    await show(`${view.dataset.query}&line=${encodeURIComponent(id)}`);
  }
  const line = document.getElementById(`L${id}`);
  if (!line) return announce(`This log has no line ${id}.`);
  if (!line.matches(".marked")) {
    for (const each of log.querySelectorAll(".marked")) each.classList.remove("marked");
    line.classList.add("marked");
  }
  anchor = id;
  line.scrollIntoView({ block: "center" });
}

// --- start ------------------------------------------------------------------------------------------------------------

function readWrap() {
  try {
    return localStorage.getItem(WRAP) !== "no";
  } catch {
    return true;
  }
}

function setWrap(wraps) {
  const line = linesOf(log).find((each) => each.getBoundingClientRect().bottom > log.getBoundingClientRect().top);
  const top = line?.getBoundingClientRect().top;
  log.classList.toggle("nowrap", !wraps);
  wrapButton.setAttribute("aria-pressed", String(wraps));
  if (line) log.scrollTop += line.getBoundingClientRect().top - top;
  try {
    localStorage.setItem(WRAP, wraps ? "yes" : "no");
  } catch {
    /* it holds for this page only */
  }
}

// What the reader requests happens in that order, also if a part has to be loaded in between.
let performed = Promise.resolve();

function perform(action) {
  performed = performed.then(action).catch((error) => announce(error.message));
}

log.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target !== log) return;
  const action = {
    Home: goToFirst,
    End: goToLast,
    ...(view.dataset.search === "true" && { n: () => goToMatch(true), N: () => goToMatch(false) }),
  }[event.key];
  if (!action) return;
  event.preventDefault();
  perform(action);
});

view.addEventListener("click", (event) => {
  const target = event.target;
  const go = target.closest("[data-go]");
  const match = target.closest("[data-match]");
  const number = target.closest(".log .n");
  if (event.ctrlKey || event.metaKey || event.button !== 0) return;
  if (go || number) event.preventDefault();
  if (go) {
    log.focus({ preventScroll: true });
    perform(go.dataset.go === "first" ? goToFirst : goToLast);
  } else if (match) perform(() => goToMatch(match.dataset.match === "next"));
  else if (number) select(number.closest(".l"), event.shiftKey);
  else if (target.closest("[data-follow]")) perform(goToLast);
  else if (target.closest("[data-wrap]")) setWrap(log.matches(".nowrap"));
});

// Shift-click selects lines, and not the text between them.
log.addEventListener("mousedown", (event) => {
  if (event.shiftKey && event.target.closest(".n")) event.preventDefault();
});

log.addEventListener(
  "scroll",
  () => {
    showState();
    fill();
  },
  { passive: true },
);
addEventListener("hashchange", goToFragment);

for (const each of view.querySelectorAll("[data-match], [data-wrap]")) each.hidden = false;
for (const each of view.querySelectorAll("[data-plain]")) each.hidden = true;
if (firstPart().dataset.count !== undefined) readCount(firstPart());
setWrap(readWrap());
if (view.dataset.at === "last" || view.dataset.at === "before") log.scrollTop = log.scrollHeight;
const marked = log.querySelector(".marked");
if (marked) {
  anchor = lineId(marked);
  marked.scrollIntoView({ block: "center" });
} else await goToFragment();
await fill();
if (view.dataset.at === "last" && !location.hash) log.scrollTop = log.scrollHeight;
showState();
view.dataset.ready = "";
