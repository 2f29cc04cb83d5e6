// Show the status of a run or a job in the title and the icon of the tab. The page of a running run follows it, also in
// a tab in the background.
import { FollowedStream } from "./follow.js";

function entitle(title, icon) {
  document.title = title;
  const link = document.querySelector("link[rel=icon]");
  if (link.getAttribute("href") !== icon) link.href = icon;
}

const source = document.querySelector("[data-title-stream]")?.dataset.titleStream;
if (source) {
  const showTitle = (text) => {
    const { title, icon } = JSON.parse(text);
    entitle(title, icon);
  };
  new FollowedStream(source, { title: showTitle }, { whileHidden: true });
}

// A list that was refreshed brings its title along.
document.addEventListener("renewed", () => {
  const named = document.querySelector("[data-title]");
  if (named) entitle(named.dataset.title, named.dataset.icon);
});
