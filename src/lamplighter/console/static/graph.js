// Show a state machine as a graph (console/view/runs/graph.py), and on the page of a run what the run did.
import { drawGraph } from "./graph/drawing.js";
import { layOutGraph } from "./graph/layout.js";
import { findNode, paintGraph } from "./graph/painting.js";
import {
  announcement,
  followLink,
  markSelected,
  selectedName,
  selectState,
  showDetail,
  stateUrl,
  statusesOfSelection,
} from "./graph/selection.js";
import { buildToolbar } from "./graph/toolbar.js";
import { dragByMouse, Zoom, zoomByKey, zoomByPinch, zoomByWheel } from "./graph/zoom.js";

const LARGE = 25; // from this number of states on, there are always tools

function namesOf(block) {
  return block.states.flatMap((state) => [state.name, ...state.blocks.flatMap(namesOf)]);
}

function drawInto(figure) {
  const graph = JSON.parse(figure.dataset.graph);
  const names = namesOf(graph);
  const isRun = figure.dataset.run !== undefined;
  const view = document.createElement("div");
  view.className = "view";
  const picture = drawGraph(layOutGraph(graph), (name) => (isRun ? stateUrl(figure, name) : null));
  view.append(picture);
  const zoom = new Zoom(view, picture);
  const tools = buildToolbar(zoom, names, (name) => {
    zoom.moved = true;
    zoom.reveal(findNode(view, name).querySelector(":scope > a"));
    if (isRun) selectState(figure, name);
    else markSelected(figure, name);
  });
  figure.replaceChildren(tools, view);
  makeMovable(figure, zoom, () => {
    tools.hidden = names.length < LARGE && !zoom.overflows && !zoom.chosen;
    describe(view, !tools.hidden);
  });
  return zoom;
}

function makeMovable(figure, zoom, adapt) {
  for (const add of [zoomByWheel, zoomByPinch, zoomByKey]) add(zoom);
  dragByMouse(zoom.view);
  for (const kind of ["wheel", "pointerdown", "keydown", "touchstart"]) {
    figure.addEventListener(
      kind,
      () => {
        zoom.moved = true;
      },
      { passive: true },
    );
  }
  let width = 0;
  const resize = () => {
    if (width === figure.clientWidth) return;
    width = figure.clientWidth;
    if (!zoom.chosen) zoom.open();
    adapt();
  };
  resize();
  const start = zoom.picture.querySelector(".dot");
  if (start) zoom.centre(start);
  zoom.view.scrollTop = 0;
  new ResizeObserver(resize).observe(figure);
}

// What scrolls can be focused, so that keys scroll and zoom it.
function describe(view, canMove) {
  const attributes = {
    tabindex: "0",
    role: "group",
    "aria-label": "The state machine. Plus and minus zoom, zero fits it to the window.",
  };
  for (const [name, value] of Object.entries(attributes)) {
    if (canMove) view.setAttribute(name, value);
    else view.removeAttribute(name);
  }
}

// Show the selected state or, of the whole run, the one that made it fail or that is running.
function revealState(figure, zoom) {
  const blamed = document.querySelector("#detail [data-blamed]")?.dataset.blamed;
  const place =
    findNode(figure, selectedName() ?? blamed ?? "") ??
    ["RUNNING", "RETRYING", "FAILED"]
      .map((status) => [...figure.querySelectorAll(`.node[data-status=${status}]`)].at(-1))
      .find(Boolean);
  if (place) zoom.reveal(place.querySelector(":scope > a"));
}

// On the page of a job, the search leads to a state.
function showSelected(figure, zoom) {
  const place = findNode(figure, selectedName() ?? "");
  if (!place) return;
  markSelected(figure);
  zoom.reveal(place.querySelector(":scope > a"));
}

function start(figure) {
  const zoom = drawInto(figure);
  const list = document.getElementById("states");
  if (!list) {
    showSelected(figure, zoom);
    return;
  }
  list.classList.add("hidden-list");
  paintGraph(figure, list);
  markSelected(figure);
  revealState(figure, zoom);
  let before = statusesOfSelection(list);
  const watcher = new MutationObserver(() => {
    paintGraph(figure, list);
    if (!zoom.moved) revealState(figure, zoom);
    const now = statusesOfSelection(list);
    if (now !== before) {
      showDetail(figure);
      document.getElementById("said").textContent = announcement(list);
    }
    before = now;
  });
  for (const each of [list, document.getElementById("summary")]) watcher.observe(each, { childList: true });
  for (const id of ["graph", "detail", "timeline"]) {
    document.getElementById(id)?.addEventListener("click", (event) => followLink(figure, event));
  }
  addEventListener("popstate", () => showDetail(figure));
}

const figure = document.getElementById("graph");
if (figure) start(figure);
