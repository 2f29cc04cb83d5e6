// Colour the graph: the status and the note of each state, and the transitions that the run took. They are read from the
// list #states, which the server sends again while the run is running (console/view/runs/graph_states.py).
import { END, START } from "./layout.js";
import { writeNote } from "./note.js";

/** @type {(root: Element, name: string) => HTMLElement | null} */
export function findNode(root, name) {
  return root.querySelector(`.node[data-name="${CSS.escape(name)}"]`);
}

/** @type {(list: Element, name: string | null) => HTMLElement | null} */
export function findItem(list, name) {
  return name === null ? null : list.querySelector(`[data-name="${CSS.escape(name)}"]`);
}

/** @type {(status: string) => string} */
export function inWords(status) {
  return status.toLowerCase().replace("_", " ");
}

/** @type {(root: Element, list: Element) => void} */
export function paintGraph(root, list) {
  const taken = new Map();
  for (const item of list.querySelectorAll("[data-name]")) {
    const { name, status, note } = item.dataset;
    const node = findNode(root, name);
    if (!node) continue;
    taken.set(name, JSON.parse(item.dataset.taken));
    node.dataset.status = status;
    const link = node.querySelector(":scope > a");
    link.setAttribute("aria-label", `${name}: ${inWords(status)}${note ? `, ${note}` : ""}`);
    writeNote(link, note);
  }
  for (const edge of root.querySelectorAll(".edge")) {
    const { from, to, at } = edge.dataset;
    edge.toggleAttribute("data-went", from === START ? taken.has(to) : Boolean(taken.get(from)?.includes(Number(at))));
  }
  for (const dot of root.querySelectorAll(".dot.end")) {
    dot.toggleAttribute("data-went", Boolean(root.querySelector(`.edge[data-went][data-to="${CSS.escape(END)}"]`)));
  }
}
