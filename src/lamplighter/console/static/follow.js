// What a tab follows through the connection that all tabs share (stream.js), and what it shows when the engine is gone.
// htmx's extension for streams asks for an EventSource: it gets one that hears from there.

const AGAIN = 1000; // milliseconds before the next try to have the connection
const SAID = 10000; // between two times that a tab says what it follows
const SILENCE = 20000; // without an answer to that: a worker answers at once, unless it is gone

const followed = new Set();
const banner = document.getElementById("lost");
const source = document.querySelector("[data-stream]").dataset.stream;
const own = crypto.randomUUID?.() ?? String(Math.random()); // each tab has its own place in a log
let hidden = document.visibilityState === "hidden"; // a tab that nobody sees follows nothing, also if it was opened so
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

// The browser may give a page no error when a worker ends or never begins. If the worker answered before, the pages share
// a new one; if it never answered, this page opens its own connection.
function replace() {
  if (answered) open();
  else openAlone();
}

function stopWaiting() {
  clearTimeout(silence);
  silence = null;
}

// The page has a connection of its own where there are no such workers, or none that know modules. If the script does
// not come here either, the engine died when it had given the page, or it stands still.
async function openAlone() {
  closePort();
  try {
    // A browser may keep it that a script did not come (the module map of HTML), by its address.
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

export let lostSince = null; // milliseconds since the epoch: what counts up stops there

function lose(since) {
  if (lostSince !== null) return;
  lostSince = since;
  document.body.dataset.lost = "";
  banner.textContent = `${banner.dataset.who} does not answer since ${clock.format(new Date(since))}. What you see may be old.`;
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

// What is followed comes again by itself; all else is loaded anew, unless somebody is filling it in.
function renew() {
  const lists = document.querySelectorAll("[data-refresh]");
  for (const each of lists) window.htmx.trigger(each, "refresh");
  const fields = [...document.querySelectorAll("textarea, input:not([type=hidden])")];
  const touched = fields.some((each) => each.value !== each.defaultValue);
  if (!lists.length && !followed.size && !touched && !document.querySelector("[data-still]")) location.reload();
}
