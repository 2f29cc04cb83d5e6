// Send forms by a script, so that the current page can show that the engine does not answer or rejects the form.
// Without scripts, the browser sends the forms in the usual way.
import { fieldsOf } from "./fields.js";
import { lostSince } from "./follow.js";
import { tellRenewed } from "./parts.js";

const errorBox = document.getElementById("refused");

function showError(text) {
  errorBox.textContent = text;
  errorBox.hidden = false;
}

function parseHtml(answer, text) {
  const type = answer.headers.get("content-type") ?? "";
  return type.startsWith("text/html") ? new DOMParser().parseFromString(text, "text/html") : null;
}

// A question or a result has an entry in the history, so that Back returns to the page before it, with its ticks.
const left = []; // by entry: the page that was left, and its title
let entry = history.state?.entry ?? 0;

function showMain(main, title) {
  const old = document.getElementById("main");
  left[entry] = { main: old, title: document.title };
  old.replaceWith(main);
  document.title = title;
}

addEventListener("popstate", ({ state }) => {
  const to = state?.entry ?? 0;
  if (to === entry) return;
  if (!left[to]) return location.reload();
  showMain(left[to].main, left[to].title);
  entry = to;
  for (const each of document.querySelectorAll("[data-refresh]"))
    each.dispatchEvent(new CustomEvent("refresh", { bubbles: true }));
});

// Replace this page by the answer: a form with its errors, a question, or the result of a run.
function replacePage(page, isNew) {
  const main = document.adoptNode(page.getElementById("main"));
  showMain(main, page.title);
  if (isNew) {
    entry += 1;
    history.pushState({ entry }, "");
  }
  tellRenewed(main);
  (main.querySelector("[autofocus]") ?? main.querySelector("h1"))?.focus();
  window.scrollTo(0, 0);
}

async function handleAnswer(answer) {
  const to = answer.headers.get("x-lamplighter-go-on");
  if (to || answer.redirected) {
    location.assign(to ?? answer.url);
    return true;
  }
  const text = await answer.text();
  const page = parseHtml(answer, text);
  const alert = answer.ok ? null : page?.querySelector(".panel.empty[role=alert]");
  if (page?.getElementById("main") && !alert) replacePage(page, answer.ok);
  else
    showError(alert ? `${alert.querySelector("h1").textContent}: ${alert.querySelector("h1 + p").textContent}` : text);
  return false;
}

// An action that cannot be undone needs a second press, also if the page has refreshed the button in between.
const CONFIRM_MS = 6000;
let pendingConfirmation = { action: null, until: 0 };

function askAgain(button) {
  pendingConfirmation = { action: button.form.getAttribute("action"), until: Date.now() + CONFIRM_MS };
  showQuestion(button);
}

function showQuestion(button) {
  const label = button.textContent;
  button.dataset.asked = "";
  button.textContent = button.dataset.ask;
  setTimeout(() => {
    delete button.dataset.asked;
    button.textContent = label;
  }, pendingConfirmation.until - Date.now());
}

document.addEventListener("renewed", ({ target }) => {
  if (pendingConfirmation.until <= Date.now()) return;
  for (const button of target.querySelectorAll("button[data-ask]")) {
    if (button.form.getAttribute("action") === pendingConfirmation.action && button.dataset.asked === undefined)
      showQuestion(button);
  }
});

// A form that starts a run has a name for it, so that sending it twice starts one run. A page that comes back from the
// browser's cache is used again on purpose.
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const each of document.querySelectorAll("input[name=once]")) each.value = "";
});

// A refresh of the page may replace a button that was pressed by one that is enabled and has another name for the run.
const unanswered = new Set();

function contentOf(form, body) {
  const fields = new URLSearchParams(body);
  fields.delete("once");
  return `${form.getAttribute("action")} ${fields}`;
}

// The second click of a double click may meet a button of the page that the first one led to.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("button")?.form?.method === "post") event.preventDefault();
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.method !== "post" || event.defaultPrevented) return;
  event.preventDefault();
  errorBox.hidden = true;
  const who = document.getElementById("lost").dataset.who;
  if (lostSince !== null)
    return showError(`${who} does not answer, so nothing was sent. Try again when it is available.`);
  if (button?.dataset.ask && button.dataset.asked === undefined) return askAgain(button);
  const body = fieldsOf(form, button);
  const content = contentOf(form, body);
  if (unanswered.has(content)) return;
  // Disable the button, so that pressing it several times has one effect.
  unanswered.add(content);
  if (button) button.disabled = true;
  let leaves = false;
  try {
    leaves = await handleAnswer(
      await fetch(form.getAttribute("action"), {
        method: "POST",
        body,
        headers: { "x-lamplighter-script": "1" },
      }),
    );
  } catch {
    showError(`${who} did not answer. Check whether the action took effect before you try again.`);
  }
  // Enable the button for users who return to the page.
  setTimeout(
    () => {
      unanswered.delete(content);
      if (button) button.disabled = false;
    },
    leaves ? 5000 : 0,
  );
});
