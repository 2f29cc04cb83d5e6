// The night: count the ticked runs, and carry out actions one by one with a bar. Pages work without it.
import { fieldsOf } from "./fields.js";

function boxes() {
  return [...document.querySelectorAll("#bulk input[name=run], #elsewhere input[name=run]")];
}

function showCount() {
  const all = boxes();
  const ticked = all.filter((each) => each.checked);
  const master = document.querySelector("input[data-tick-all]");
  if (!master) return;
  master.checked = ticked.length > 0 && ticked.length === all.length;
  master.indeterminate = ticked.length > 0 && ticked.length < all.length;
  const words = document.querySelector("[data-ticked-count]");
  words.textContent = ticked.length ? `${ticked.length} ticked` : "All on this page";
  for (const button of document.querySelectorAll("#bulk button[name=action]")) button.disabled = ticked.length === 0;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick-all]")) for (const each of boxes()) each.checked = event.target.checked;
  showCount();
});
document.addEventListener("click", ({ target }) => {
  if (!target.matches?.("[data-tick]")) return;
  const statuses = target.dataset.tick.split(" ");
  for (const each of boxes()) each.checked = statuses.includes(each.closest("[data-night]").dataset.night);
  showCount();
});
document.addEventListener("renewed", showCount);
addEventListener("pageshow", showCount); // the browser restores ticked boxes when the reader comes back
showCount();

// --- one by one -------------------------------------------------------------------------------------------------------

async function act(form, run) {
  const body = fieldsOf(form);
  body.set("run", run);
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.querySelector("[data-run] .result") ?? page.querySelector(".panel.empty p");
  } catch (error) {
    console.info(`lamplighter: ${error.message}`);
    return null;
  }
}

function showResult(item, result) {
  const words = item.querySelector(".result");
  words.replaceChildren(...(result ? result.childNodes : ["The engine did not answer."]));
  words.classList.remove("quiet");
  if (result) item.dataset.done = words.querySelector(".bad") ? "no" : "yes";
}

// What was not answered can be tried again: the engine starts a run once for the same form.
function offerRest(form, unanswered) {
  const button = form.querySelector("button.primary");
  const back = form.querySelector(".row a");
  back.textContent = "Back to the night";
  if (unanswered) {
    button.textContent = `Try ${unanswered} again`;
    button.disabled = false;
    button.focus();
  } else {
    button.remove();
    back.classList.add("primary");
    back.focus();
  }
}

const askBeforeLeaving = (event) => event.preventDefault();

async function actOnAll(form) {
  const items = [...form.querySelectorAll("li[data-run]")];
  const waiting = items.filter((each) => !each.dataset.done);
  const bar = form.querySelector("progress");
  const words = form.querySelector(".bar-words");
  form.querySelector("button.primary").disabled = true;
  bar.hidden = words.hidden = false;
  addEventListener("beforeunload", askBeforeLeaving);
  for (const [at, item] of waiting.entries()) {
    words.textContent = `${items.length - waiting.length + at + 1} of ${items.length}`;
    showResult(item, await act(form, item.dataset.run));
    bar.value = items.length - waiting.length + at + 1;
  }
  removeEventListener("beforeunload", askBeforeLeaving);
  const done = items.filter((each) => each.dataset.done === "yes").length;
  words.textContent =
    done < items.length ? `${done} of ${items.length} done, ${items.length - done} not` : `${done} done`;
  document.querySelector("h1").textContent = words.textContent;
  offerRest(form, items.filter((each) => !each.dataset.done).length);
}

// In the capture phase, so that forms.js does not send the form as a whole.
document.addEventListener(
  "submit",
  (event) => {
    if (!event.target.matches("[data-one-by-one]")) return;
    event.preventDefault();
    actOnAll(event.target);
  },
  true,
);
