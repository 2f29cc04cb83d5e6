// Show what changes while a run is running: its stream sends the parts that have changed (console/pages/runs/live_run.py).
import { FollowedStream } from "./follow.js";
import { replaceContent } from "./parts.js";

function show(part, html) {
  if (part.isConnected) replaceContent(part, html);
  else stream.close(); // forms.js has replaced the page
}

const parts = ["summary", "states", "timeline", "maps"].map((name) => document.getElementById(name));
const handlers = Object.fromEntries(parts.map((part) => [part.id, (html) => show(part, html)]));
const stream = new FollowedStream(document.querySelector("[data-live]").dataset.live, handlers);
