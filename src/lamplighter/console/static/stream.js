// Hold the one connection that all tabs of a browser share: in a SharedWorker or, if there is none, in the page.
//
// A tab reports which streams it follows and receives their events, each with the path of its stream. All events arrive
// in one answer of /streams (console/pages/event_streams.py), because a browser opens only six connections to a host. A
// tab also learns when the engine stops answering, since when, and when it answers again. Each report of a tab is
// answered, so that the tab knows that the worker is alive.

const SILENCE = 16000; // milliseconds without an event; the server sends one every five seconds
const AGAIN = 1000; // milliseconds before the next attempt to connect
const GONE = 70000; // milliseconds without a report, after which a tab counts as closed

export class Hub {
  constructor() {
    this.tabs = new Map(); // by the tab's port: the streams that it follows, and when it reported them
    this.places = new Map(); // by stream: its last event ID, so that a log continues after its last line
    this.connection = null;
    this.following = null;
    this.heard = Date.now();
    this.state = "opening"; // or "open", or "lost"
    setInterval(() => this.look(), 2000);
  }

  // Receive a tab's report: the streams that it follows, or null if it follows nothing any more.
  hear(tab, paths) {
    if (paths === null) this.tabs.delete(tab);
    else this.tabs.set(tab, { paths, said: Date.now() });
    if (paths !== null) tab.postMessage({ kind: this.state, since: this.heard });
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.renew(), 30);
  }

  wanted() {
    return [...new Set([...this.tabs.values()].flatMap((each) => each.paths))].sort();
  }

  renew() {
    if (!this.tabs.size) {
      this.connection?.abort();
      this.connection = this.following = null;
      this.state = "opening";
    } else if (this.following !== JSON.stringify(this.wanted())) this.connect();
  }

  tell(message, path) {
    for (const [tab, each] of this.tabs) if (path === undefined || each.paths.includes(path)) tab.postMessage(message);
  }

  look() {
    for (const [tab, each] of this.tabs) if (Date.now() - each.said > GONE) this.tabs.delete(tab);
    this.renew();
    if (this.tabs.size && this.connection && Date.now() - Math.max(this.heard, this.began) > SILENCE) {
      this.lose();
      this.connect();
    }
  }

  lose() {
    if (this.state !== "lost") this.tell({ kind: "lost", since: this.heard });
    this.state = "lost";
  }

  resumed(path) {
    if (!this.places.has(path)) return path;
    const [before, query] = path.split("?");
    const asked = new URLSearchParams(query);
    asked.set("after", this.places.get(path));
    return `${before}?${asked}`;
  }

  async connect() {
    clearTimeout(this.again);
    this.connection?.abort();
    const own = this.connection = new AbortController();
    const paths = this.wanted();
    this.following = JSON.stringify(paths);
    this.began = Date.now();
    const asked = new Map(paths.map((path) => [this.resumed(path), path]));
    let answered = false;
    try {
      const query = [...asked.keys()].map((path) => `of=${encodeURIComponent(path)}`).join("&");
      const accept = { accept: "text/event-stream" };
      const answer = await fetch(`/streams?${query}`, { headers: accept, signal: own.signal, cache: "no-store" });
      if (answer.status === 401) return this.tell({ kind: "out" });
      if (!answer.ok) throw new Error(answer.statusText);
      answered = true;
      await this.read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), asked);
    } catch (error) {
      if (!own.signal.aborted) console.info(`lamplighter: ${error.message}`);
    }
    if (own.signal.aborted) return;
    if (answered) return this.connect(); // a proxy may have cut the connection
    this.lose();
    this.again = setTimeout(() => this.tabs.size && this.connect(), AGAIN);
  }

  async read(reader, asked) {
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.heard = Date.now();
      text += value;
      const events = text.split("\n\n");
      text = events.pop();
      for (const each of events) this.take(JSON.parse(each.slice("data: ".length)), asked);
    }
  }

  take(event, asked) {
    if (this.state !== "open") this.tell({ kind: "open" });
    this.state = "open";
    if (event.event === "alive") return;
    const path = asked.get(event.of);
    if (event.id) this.places.set(path, event.id);
    this.tell({ kind: "event", of: path, event: event.event, text: event.text, id: event.id }, path);
  }
}

if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) {
  const hub = new Hub();
  self.onconnect = ({ ports: [tab] }) => { tab.onmessage = ({ data }) => hub.hear(tab, data); };
}
