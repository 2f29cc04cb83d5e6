// Hold the one connection that all tabs of a browser share: in a SharedWorker or, if there is none, in the page.
//
// A tab reports which streams it follows and receives their events, each with the path of its stream. All events arrive
// in one answer of /streams (console/pages/event_streams.py), because a browser opens only six connections to a host. A
// tab also learns when the engine stops answering, since when, and when it answers again. Each report of a tab is
// answered, so that the tab knows that the worker is alive.

const SILENCE_MS = 16000; // without an event; the server sends one every five seconds
const RETRY_MS = 1000; // before the next attempt to connect
const MAX_PATHS = 40; // a proxy may limit the length of a URL; titles of tabs in the background come last
const TAB_TIMEOUT_MS = 70000; // without a report, after which a tab counts as closed

export class Hub {
  constructor() {
    this.tabs = new Map(); // by the tab's port: the streams that it follows, and when it reported them
    this.positions = new Map(); // by stream: its last event ID, so that a log continues after its last line
    this.connection = null;
    this.following = null;
    this.lastEvent = Date.now();
    this.state = "opening"; // or "open", or "lost"
    setInterval(() => this.check(), 2000);
  }

  // Receive a tab's report: the streams that it follows, or null if it follows nothing any more.
  /** @param {{postMessage(message: object): void}} tab @param {string[] | null} paths */
  receiveReport(tab, paths) {
    if (paths === null) this.tabs.delete(tab);
    else this.tabs.set(tab, { paths, reported: Date.now() });
    if (paths !== null) tab.postMessage({ kind: this.state, since: this.lastEvent });
    clearTimeout(this.renewTimer);
    this.renewTimer = setTimeout(() => this.renew(), 30);
  }

  followedPaths() {
    const paths = [...new Set([...this.tabs.values()].flatMap((each) => each.paths))].sort();
    const isTitle = (path) => path.split("?")[0].endsWith("/title");
    return [...paths.filter((path) => !isTitle(path)), ...paths.filter(isTitle)].slice(0, MAX_PATHS);
  }

  renew() {
    if (!this.tabs.size) {
      this.connection?.abort();
      this.connection = this.following = null;
      this.state = "opening";
    } else if (this.following !== JSON.stringify(this.followedPaths())) this.connect();
  }

  send(message, path) {
    for (const [tab, each] of this.tabs) if (path === undefined || each.paths.includes(path)) tab.postMessage(message);
  }

  check() {
    for (const [tab, each] of this.tabs) if (Date.now() - each.reported > TAB_TIMEOUT_MS) this.tabs.delete(tab);
    this.renew();
    if (this.tabs.size && this.connection && Date.now() - Math.max(this.lastEvent, this.connectTime) > SILENCE_MS) {
      this.markLost();
      this.connect();
    }
  }

  markLost() {
    if (this.state !== "lost") this.send({ kind: "lost", since: this.lastEvent });
    this.state = "lost";
  }

  withPosition(path) {
    if (!this.positions.has(path)) return path;
    const [before, query] = path.split("?");
    const parameters = new URLSearchParams(query);
    parameters.set("after", this.positions.get(path));
    return `${before}?${parameters}`;
  }

  async connect() {
    clearTimeout(this.retryTimer);
    this.connection?.abort();
    const abort = new AbortController();
    this.connection = abort;
    const paths = this.followedPaths();
    this.following = JSON.stringify(paths);
    this.connectTime = Date.now();
    const pathsByUrl = new Map(paths.map((path) => [this.withPosition(path), path]));
    let answered = false;
    try {
      const query = [...pathsByUrl.keys()].map((path) => `of=${encodeURIComponent(path)}`).join("&");
      const accept = { accept: "text/event-stream" };
      const answer = await fetch(`/streams?${query}`, { headers: accept, signal: abort.signal, cache: "no-store" });
      if (answer.status === 401) return this.send({ kind: "out" });
      if (!answer.ok) throw new Error(answer.statusText);
      answered = true;
      await this.read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), pathsByUrl);
    } catch (error) {
      if (!abort.signal.aborted) console.info(`lamplighter: ${error.message}`);
    }
    if (abort.signal.aborted) return;
    if (answered) return this.connect(); // a proxy may have cut the connection
    this.markLost();
    this.retryTimer = setTimeout(() => this.tabs.size && this.connect(), RETRY_MS);
  }

  async read(reader, pathsByUrl) {
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.lastEvent = Date.now();
      text += value;
      const events = text.split("\n\n");
      text = events.pop();
      for (const each of events) this.handleEvent(JSON.parse(each.slice("data: ".length)), pathsByUrl);
    }
  }

  handleEvent(event, pathsByUrl) {
    if (this.state !== "open") this.send({ kind: "open" });
    this.state = "open";
    if (event.event === "alive") return;
    const path = pathsByUrl.get(event.of);
    if (event.id) this.positions.set(path, event.id);
    this.send({ kind: "event", of: path, event: event.event, text: event.text, id: event.id }, path);
  }
}

if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) {
  const hub = new Hub();
  self.onconnect = ({ ports: [tab] }) => {
    tab.onmessage = ({ data }) => hub.receiveReport(tab, data);
  };
}
