// What every page does with a script: shows times as the clocks of the reader do. Pages work without it.

const short = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not(.fixed)")) {
    time.textContent = short.format(new Date(time.dateTime));
  }
}

function ready() {
  localise(document);
  for (const each of document.querySelectorAll("[data-zone]")) each.textContent = `Times in ${zone}`;
  document.body.addEventListener("htmx:load", (event) => localise(event.detail.elt.parentNode || event.detail.elt));
}

ready();
