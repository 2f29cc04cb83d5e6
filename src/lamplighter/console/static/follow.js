// Follow streams through the connection that all tabs share (stream.js), and show a banner if the engine does not
// answer. htmx's SSE extension creates an EventSource; it receives an object that gets its events from the shared
// connection.

const AGAIN = 1000; // milliseconds before the next attempt to connect
const SAID = 10000; // milliseconds between two reports of what the tab follows
const SILENCE = 20000; // milliseconds without an answer to a report: a worker that is alive answers immediately

const followed = new Set();
const banner = document.getElementById("lost");
const source = document.querySelector("[data-stream]").dataset.stream;
const own = crypto.randomUUID?.() ?? String(Math.random()); // each tab has its own position in a log
let hidden = document.visibilityState === "hidden"; // a hidden tab follows nothing, also if it was opened hidden
let hiding = 0;

class Followed extends EventTarget {
  constructor(url) {
    super();
    this.path = `${url}${url.includes("?") ? "&" : "?"}tab=${own}`;
    this.readyState = EventSource.CONNECTING;
    followed.add(this);
    say();
  }

  take({ event, text, id }) {
    if (this.readyState === EventSource.CONNECTING) this.onopen?.(new Event("open"));
    this.readyState = EventSource.OPEN;
    if (event === "gone") this.close();
    else this.dispatchEvent(new MessageEvent(event, { data: text, lastEventId: id }));
  }

  close() {
    this.readyState = EventSource.CLOSED;
    followed.delete(this);
    say();
  }
}

// --- the shared connection --------------------------------------------------------------------------------------------

const tab = { postMessage: (message) => hear(message) };
let hub = null;
let port = null;
let answered = false;
let silence = null;
let misses = 0;

function open() {
  closePort();
  try {
    const worker = new SharedWorker(source, { type: "module", name: "lamplighter" });
    port = worker.port;
    worker.onerror = () => { if (port === worker.port) openAlone(); };
    port.onmessage = ({ data }) => { answered = true; stopWaiting(); hear(data); };
    say();
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
  clearTimeout(silence);
  silence = null;
}

// Open a connection in the page if the browser has no SharedWorker, or none that supports modules. If the script cannot
// be loaded here either, the engine died after it had sent the page, or it hangs.
async function openAlone() {
  closePort();
  try {
    // A browser may remember that a URL failed to load (HTML's module map), so each attempt uses another URL.
    const script = import(`${source}&${misses}`);
    hub = new (await Promise.race([script, timeout()])).Hub();
    say();
  } catch {
    misses += 1;
    lose(Date.now());
    setTimeout(open, AGAIN);
  }
}

function timeout() {
  return new Promise((_, reject) => { setTimeout(reject, SILENCE); });
}

function say() {
  const paths = hidden ? null : [...followed].map((each) => each.path);
  if (!port) return hub?.hear(tab, paths);
  port.postMessage(paths);
  if (paths === null) stopWaiting();
  else silence ??= setTimeout(replace, SILENCE);
}

function hear(message) {
  if (message.kind === "event") {
    for (const each of [...followed]) if (each.path === message.of) each.take(message);
  } else if (message.kind === "open") find();
  else if (message.kind === "lost") lose(message.since);
  else if (message.kind === "out" && !document.querySelector("[data-still]")) location.reload();
}

window.htmx.createEventSource = (url) => new Followed(url);
setInterval(say, SAID);
addEventListener("pagehide", () => {
  stopWaiting();
  port?.postMessage(null);
});
addEventListener("pageshow", (event) => { if (event.persisted) say(); });
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.visibilityState === "hidden") {
    hiding = setTimeout(() => { hidden = true; say(); }, 20000);
  } else if (hidden) {
    hidden = false;
    say();
  }
});
open();

// --- an engine that does not answer -----------------------------------------------------------------------------------

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export let lostSince = null; // milliseconds since the epoch: running durations stop there

function lose(since) {
  if (lostSince !== null) return;
  lostSince = since;
  document.body.dataset.lost = "";
  banner.textContent = `${banner.dataset.who} has not answered since ${clock.format(new Date(since))}. This page may be out of date.`;
  banner.hidden = false;
}

function find() {
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
  for (const each of lists) window.htmx.trigger(each, "refresh");
  const fields = [...document.querySelectorAll("textarea, input:not([type=hidden])")];
  const touched = fields.some((each) => each.value !== each.defaultValue);
  if (!lists.length && !followed.size && !touched && !document.querySelector("[data-still]")) location.reload();
}
