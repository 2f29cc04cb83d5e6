// The night: count the ticked runs, and carry out actions one by one with a bar. Pages work without it.

function boxes() {
  return [...document.querySelectorAll("#bulk input[name=run]")];
}

function showCount() {
  const all = boxes(), ticked = all.filter((each) => each.checked), master = document.querySelector("[data-tick-all]");
  if (!master) return;
  master.checked = ticked.length > 0 && ticked.length === all.length;
  master.indeterminate = ticked.length > 0 && ticked.length < all.length;
  const words = document.querySelector("[data-ticked-count]");
  words.textContent = ticked.length ? `${ticked.length} ticked` : "All on this page";
  for (const button of document.querySelectorAll("#bulk [name=action]")) button.disabled = ticked.length === 0;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick-all]")) for (const each of boxes()) each.checked = event.target.checked;
  showCount();
});
document.addEventListener("click", ({ target }) => {
  if (!target.matches?.("[data-tick]")) return;
  const statuses = target.dataset.tick.split(" ");
  for (const each of boxes()) each.checked = statuses.includes(each.closest("tr").dataset.night);
  showCount();
});
document.body.addEventListener("htmx:load", showCount);
addEventListener("pageshow", showCount); // the browser restores ticked boxes when the reader comes back
showCount();

// --- one by one -------------------------------------------------------------------------------------------------------

async function act(form, run) {
  const body = new URLSearchParams(new FormData(form));
  body.set("run", run);
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("[data-run] .result") ?? page.querySelector(".panel.empty p");
}

async function actOnAll(form) {
  const items = [...form.querySelectorAll("li[data-run]")], bar = form.querySelector("progress"), words = form.querySelector(".bar-words");
  const button = form.querySelector("button.primary"), back = form.querySelector(".row a");
  button.disabled = true;
  bar.hidden = words.hidden = false;
  let failed = 0;
  for (const [at, item] of items.entries()) {
    words.textContent = `${at + 1} of ${items.length}`;
    let result = null;
    try {
      result = await act(form, item.dataset.run);
    } catch (error) {
      console.info(`lamplighter: ${error.message}`);
    }
    if (!result || result.querySelector(".bad")) failed += 1;
    item.querySelector(".result").replaceChildren(...(result ? result.childNodes : ["The engine did not answer. Check whether it took effect."]));
    item.querySelector(".result").classList.remove("quiet");
    bar.value = at + 1;
  }
  words.textContent = failed ? `${items.length - failed} of ${items.length} done, ${failed} not` : `${items.length} done`;
  button.remove();
  back.textContent = "Back to the night";
  back.classList.add("primary");
  back.focus();
}

// In the capture phase, so that forms.js does not send the form as a whole.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-one-by-one]")) return;
  event.preventDefault();
  actOnAll(event.target);
}, true);
