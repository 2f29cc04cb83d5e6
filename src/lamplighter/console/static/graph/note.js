// Write the note of a state, such as `3 of 12`, and shorten the text beside it to the room that is left.
import { DETAIL, measureText, NAME, shortenText } from "./text_width.js";

const GAP = 10; // between a text and the note beside it
const MIN_NAME = 60; // the least room that a name keeps

/** @type {(link: HTMLElement, note: string) => void} */
export function writeNote(link, note) {
  const room = Number(link.dataset.room);
  const what = link.querySelector(".what");
  const name = link.querySelector(".name");
  const isGroup = link.parentElement?.classList.contains("group") ?? false;
  const shown = shortenText(note, DETAIL, isGroup ? room - MIN_NAME - GAP : room);
  const left = room - (shown ? measureText(shown, DETAIL) + GAP : 0);
  link.querySelector(".note").textContent = shown;
  what.textContent = shortenText(what.dataset.whole, DETAIL, left);
  if (isGroup) name.textContent = shortenText(link.querySelector("title").textContent, NAME, left);
}
