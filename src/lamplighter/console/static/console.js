// Add to every page: durations that count up, copy buttons, lists that refresh. Pages work without it.
import { lostSince } from "./follow.js";
import "./clock.js";
import "./forms.js";
import "./tables.js";
import "./title.js";
import "./refresh.js";
import "./shortcuts.js";
import "./search.js";

// The same format as in console/view/durations.py.
function length(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

function tick() {
  const now = (lostSince ?? Date.now()) / 1000;
  for (const each of document.querySelectorAll("[data-since]"))
    each.textContent = length(now - Number(each.dataset.since));
  for (const each of document.querySelectorAll("[data-until]")) {
    const seconds = Number(each.dataset.until) - now;
    each.textContent = seconds > 0 ? `in ${length(seconds)}` : "now";
  }
}

// A browser offers its clipboard only to pages from this machine or with TLS; the older way works on a LAN, too.
async function writeToClipboard(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

async function copy(event) {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const label = button.textContent;
  await writeToClipboard(button.dataset.copy);
  button.textContent = "Copied";
  setTimeout(() => {
    button.textContent = label;
  }, 1500);
}

tick();
setInterval(tick, 500);
document.addEventListener("renewed", tick);
document.addEventListener("click", copy);

// Report invalid JSON in a field before the form is sent.
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-json]")) return;
  let wrong = "";
  try {
    JSON.parse(event.target.value || "{}");
  } catch (error) {
    wrong = error.message;
  }
  event.target.setAttribute("aria-invalid", String(Boolean(wrong)));
  const hint = document.getElementById(`${event.target.id}-hint`);
  hint.dataset.usual ??= hint.textContent;
  hint.textContent = wrong || hint.dataset.usual;
  hint.classList.toggle("bad", Boolean(wrong));
});
