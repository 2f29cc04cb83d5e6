// The marks of a chart, or of a strip, are one stop of the Tab key; the arrow keys go from one run to the next.
const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

document.addEventListener("keydown", (event) => {
  const mark = event.target.closest(".durations a, .strip a");
  if (!mark || !(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const marks = [...mark.parentNode.querySelectorAll(":scope > a")];
  const wanted = marks.indexOf(mark) + STEPS[event.key];
  const next = marks[Math.max(0, Math.min(marks.length - 1, wanted))];
  mark.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
});
