// Measure text as the browser draws it, and shorten it to a width.
const canvas = document.createElement("canvas").getContext("2d");
const family = getComputedStyle(document.body).fontFamily;

// The fonts of graph.css.
export const NAME = `600 13px ${family}`;
export const DETAIL = `11px ${family}`;
export const LABEL = `10.5px ${family}`;
// Digits of equal width may be wider than those that are measured.
const MARGIN = 2;

/** @type {(text: string, font: string) => number} */
export function measureText(text, font) {
  if (!text) return 0;
  canvas.font = font;
  return canvas.measureText(text).width + MARGIN;
}

// Return the longest beginning of the text that fits, with an ellipsis if something is left out.
/** @type {(text: string, font: string, width: number) => string} */
export function shortenText(text, font, width) {
  if (measureText(text, font) <= width) return text;
  const letters = [...text];
  let low = 0;
  let high = letters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measureText(`${letters.slice(0, middle).join("")}…`, font) <= width) low = middle;
    else high = middle - 1;
  }
  return low ? `${letters.slice(0, low).join("").trimEnd()}…` : "";
}
