// The switch for the time zone: offer the browser's own zone, and keep what scripts request in the zone of the page.
// The server formats all times (console/view/clock.py), so pages show the same without this script.
import { fieldsOf } from "./fields.js";

const page = document.getElementById("clock").dataset;
const own = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const MINE = "mine:";
const RETRY_MS = 1000;
let used = false; // whether the user has pressed something on this page

// Format a time for a message that a script shows: 03:00.
/** @type {(milliseconds: number) => string} */
export function timeOfDay(milliseconds) {
  /** @type {Intl.DateTimeFormatOptions} */
  const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: page.zone };
  return new Intl.DateTimeFormat(undefined, form).format(new Date(milliseconds));
}

// Return a URL of this site with the zone of this page: another tab may have chosen another one since it was loaded.
/** @type {(url: string) => string} */
export function inZoneOfPage(url) {
  const found = new URL(url, location.href);
  found.searchParams.set("zone", page.choice);
  return found.href;
}

function offerOwnZone(root) {
  for (const button of root.querySelectorAll("[data-mine]")) {
    button.value = MINE + own;
    button.textContent = `Mine: ${own}`;
    button.hidden = false;
  }
}

// The browser has moved to another zone since "mine" was chosen, or it has to choose because the schedules have several
// zones: once, for a browser that keeps no cookie.
async function followOwnZone() {
  const chooses = page.choice === "schedule" && "several" in page && page.zone !== own && !sessionStorage.getItem(MINE);
  if (!chooses && (!page.choice.startsWith(MINE) || page.choice === MINE + own)) return;
  if (new URLSearchParams(location.search).has("zone") || document.querySelector("[data-still]")) return;
  const form = document.querySelector("#clock form");
  const body = fieldsOf(form);
  body.set("zone", MINE + own);
  let answer;
  try {
    answer = await fetch("/clock", { method: "POST", body, headers: { "x-lamplighter-script": "1" } });
  } catch (error) {
    console.info(`lamplighter: ${error.message}`); // the engine is away, or the network changed: browsers repeat no POST
    return setTimeout(followOwnZone, RETRY_MS);
  }
  sessionStorage.setItem(MINE, own);
  if (answer.ok && !used) location.reload(); // a reload would undo what the user does here
}

// Who was sent a link with a zone keeps it on the pages that follow.
function keepZone(event) {
  const link = event.target.closest("a[href]");
  if (link?.origin === location.origin && !new URL(link.href).searchParams.has("zone"))
    link.href = inZoneOfPage(link.href);
}

if (new URLSearchParams(location.search).has("zone")) document.addEventListener("click", keepZone, true);
for (const type of ["pointerdown", "keydown"])
  addEventListener(
    type,
    () => {
      used = true;
    },
    { capture: true, once: true },
  );
offerOwnZone(document);
followOwnZone();

document.addEventListener("renewed", ({ target }) => offerOwnZone(target));

// List the zones when a reader opens the choice.
document.addEventListener("focusin", (event) => {
  const list = event.target.list;
  if (!list?.matches("[data-zones]:empty")) return;
  for (const zone of Intl.supportedValuesOf?.("timeZone") ?? []) list.append(new Option(zone));
});
