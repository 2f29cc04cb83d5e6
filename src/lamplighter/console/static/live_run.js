// Show what changes while a run is running: its stream sends the parts that have changed (console/pages/live_run.py).
import { FollowedStream } from "./follow.js";
import { replaceContent } from "./parts.js";

const stream = new FollowedStream(document.querySelector("[data-live]").dataset.live);
for (const name of ["summary", "states", "timeline", "maps"]) {
  const part = document.getElementById(name);
  stream.addEventListener(name, ({ data }) => {
    if (part.isConnected) replaceContent(part, data);
    else stream.close(); // forms.js has replaced the page
  });
}
stream.addEventListener("end", () => stream.close());
