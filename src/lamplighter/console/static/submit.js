// Send a form as soon as an option of it is chosen. The page waits for this short script, so that it works for a reader
// who chooses before the other scripts have loaded.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});
