// Follow streams through the connection that all tabs share (stream.js), and show a banner if the engine does not
// answer.
import { timeOfDay } from "./clock.js";

const RETRY_MS = 1000; // before the next attempt to connect
const REPORT_MS = 10000; // between two reports of what the tab follows
const SILENCE_MS = 20000; // without an answer to a report: a worker that is alive answers immediately

/** @type {Set<FollowedStream>} */
const followed = new Set();
const banner = document.getElementById("lost");
const source = document.querySelector("[data-stream]").dataset.stream;
const tabId = crypto.randomUUID?.() ?? String(Math.random()); // each tab has its own position in a log
let hidden = document.visibilityState === "hidden"; // a hidden tab follows its title alone, also if it was opened hidden
let hideTimer = 0;

// `handlers` receive the text and the id of an event, by its name. A stream that ends is closed.
export class FollowedStream {
  /** @param {string} url @param {Record<string, (text: string, id: string) => void>} handlers */
  constructor(url, handlers, { whileHidden = false } = {}) {
    this.handlers = handlers;
    this.whileHidden = whileHidden;
    this.path = `${url}${url.includes("?") ? "&" : "?"}tab=${tabId}`;
    followed.add(this);
    report();
  }

  handleEvent({ event, text, id }) {
    if (event === "end" || event === "gone") this.close();
    this.handlers[event]?.(text, id);
  }

  close() {
    followed.delete(this);
    report();
  }
}

// --- the shared connection --------------------------------------------------------------------------------------------

const tab = { postMessage: (message) => receive(message) };
let hub = null;
let port = null;
let answered = false;
let answerTimer = null;
let failedLoads = 0;

function open() {
  closePort();
  try {
    const worker = new SharedWorker(source, { type: "module", name: "lamplighter" });
    port = worker.port;
    worker.onerror = () => {
      if (port === worker.port) openAlone();
    };
    port.onmessage = ({ data }) => {
      answered = true;
      stopWaiting();
      receive(data);
    };
    report();
  } catch {
    openAlone();
  }
}

function closePort() {
  stopWaiting();
  answered = false;
  port?.postMessage(null);
  port?.close();
  port = null;
}

// A browser may report no error when a worker ends or never starts. If the worker has answered before, the pages share
// a new one; if it never answered, this page opens its own connection.
function replace() {
  if (answered) open();
  else openAlone();
}

function stopWaiting() {
  clearTimeout(answerTimer);
  answerTimer = null;
}

// Open a connection in the page if the browser has no SharedWorker, or none that supports modules. If the script cannot
// be loaded here either, the engine died after it had sent the page, or it hangs.
async function openAlone() {
  closePort();
  try {
    // A browser may remember that a URL failed to load (HTML's module map), so each attempt uses another URL.
    const script = import(`${source}&${failedLoads}`);
    hub = new (await Promise.race([script, timeout()])).Hub();
    report();
  } catch {
    failedLoads += 1;
    showLost(Date.now());
    setTimeout(open, RETRY_MS);
  }
}

function timeout() {
  return new Promise((_, reject) => {
    setTimeout(reject, SILENCE_MS);
  });
}

// A hidden tab follows what changes its title, but only in a worker: a connection of its own would be one of the six.
function pathsToFollow() {
  if (!hidden) return [...followed].map((each) => each.path);
  const paths = [...followed].filter((each) => each.whileHidden).map((each) => each.path);
  return port && paths.length ? paths : null;
}

function report() {
  const paths = pathsToFollow();
  if (!port) return hub?.receiveReport(tab, paths);
  port.postMessage(paths);
  if (paths === null) stopWaiting();
  else answerTimer ??= setTimeout(replace, SILENCE_MS);
}

function receive(message) {
  if (message.kind === "event") {
    for (const each of [...followed]) if (each.path === message.of) each.handleEvent(message);
  } else if (message.kind === "open") showConnected();
  else if (message.kind === "lost") showLost(message.since);
  else if (message.kind === "out" && !document.querySelector("[data-still]")) location.reload();
}

setInterval(report, REPORT_MS);
addEventListener("pagehide", () => {
  stopWaiting();
  port?.postMessage(null);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) report();
});
document.addEventListener("visibilitychange", () => {
  clearTimeout(hideTimer);
  if (document.visibilityState === "hidden") {
    hideTimer = setTimeout(() => {
      hidden = true;
      report();
    }, 20000);
  } else if (hidden) {
    hidden = false;
    report();
  }
});
open();

// --- an engine that does not answer -----------------------------------------------------------------------------------

/** @type {number | null} */
export let lostSince = null; // milliseconds since the epoch: running durations stop there

function showLost(since) {
  if (lostSince !== null) return;
  lostSince = since;
  document.body.dataset.lost = "";
  banner.textContent = `${banner.dataset.who} has not answered since ${timeOfDay(since)}. This page may be out of date.`;
  banner.hidden = false;
}

function showConnected() {
  document.body.dataset.connected = "";
  if (lostSince === null) return;
  lostSince = null;
  delete document.body.dataset.lost;
  banner.hidden = true;
  renew();
}

// Reload what the streams do not renew by themselves, unless the user is filling in a form.
function renew() {
  const lists = document.querySelectorAll("[data-refresh]");
  for (const each of lists) each.dispatchEvent(new Event("refresh", { bubbles: true }));
  const fields = [...document.querySelectorAll("textarea, input:not([type=hidden])")];
  const touched = fields.some((each) => each.value !== each.defaultValue);
  if (!lists.length && !followed.size && !touched && !document.querySelector("[data-still]")) location.reload();
}
