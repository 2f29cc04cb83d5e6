// Draw a state machine. The graph is in the figure's data-graph (console/view/graph.py). The status of each state is
// read from the list #states, which the server sends again while the run is running. Dagre lays out one block at a
// time: the contents of a Parallel or a Map are laid out first and form one large node in the block around them.
import dagre from "./vendor/dagre.esm.js";

const SVG = "http://www.w3.org/2000/svg";
const LEAF = { width: 190, height: 48 };
const PAD = 14, HEAD = 34, GAP = 16, DOT = 12;
// The most characters in the line below a state's name.
const LINE = 27;
const START = "\u0000start", END = "\u0000end";

function draw(tag, attributes = {}, children = []) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function shorten(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

// --- layout ---------------------------------------------------------------------------------------------------------

function measureState(state) {
  if (!state.blocks.length) return { state, inner: [], ...LEAF };
  const inner = state.blocks.map((block) => layOutBlock(block, false));
  const width = inner.reduce((sum, each) => sum + each.width, GAP * (inner.length - 1)) + 2 * PAD;
  const height = Math.max(0, ...inner.map((each) => each.height)) + HEAD + PAD;
  return { state, inner, width: Math.max(LEAF.width, width), height: Math.max(LEAF.height, height) };
}

function layOutBlock(block, outermost) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 26, ranksep: 34, edgesep: 14, marginx: 2, marginy: 2 });
  graph.setDefaultEdgeLabel(() => ({}));
  const names = new Set(block.states.map((state) => state.name));
  for (const state of block.states) graph.setNode(state.name, measureState(state));
  const link = (from, to, transition) => graph.setEdge(from, to, labelEdge(transition), `${transition.kind}${transition.at ?? ""}`);
  if (outermost) {
    graph.setNode(START, { width: DOT * 2, height: DOT * 2 });
    if (names.has(block.start)) link(START, block.start, { kind: "start", label: "" });
  }
  block.states.forEach((state) => {
    state.transitions.forEach((transition, at) => names.has(transition.to) && link(state.name, transition.to, { ...transition, at }));
    if (outermost && state.end) {
      graph.setNode(END, { width: DOT * 2, height: DOT * 2 });
      link(state.name, END, { kind: "end", label: "" });
    }
  });
  dagre.layout(graph);
  const { width, height } = graph.graph();
  return { graph, width: finiteOrZero(width), height: finiteOrZero(height) };
}

function labelEdge(transition) {
  const width = transition.label ? transition.label.length * 6.4 + 8 : 0;
  return { ...transition, width, height: transition.label ? 14 : 0, labelpos: "c" };
}

function finiteOrZero(number) {
  return Number.isFinite(number) ? number : 0;
}

// --- drawing --------------------------------------------------------------------------------------------------------

function curve(points) {
  const [first, ...rest] = points;
  let path = `M${first.x},${first.y}`;
  rest.forEach((point, at) => {
    const next = rest[at + 1];
    path += next
      ? ` Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`
      : ` L${point.x},${point.y}`;
  });
  return path;
}

function drawBlock(laid, runUrl) {
  const edges = laid.graph.edges().map((edge) => drawEdge(edge, laid.graph.edge(edge)));
  const nodes = laid.graph.nodes().map((name) => drawNode(name, laid.graph.node(name), runUrl));
  return draw("g", {}, [...edges, ...nodes]);
}

function drawEdge({ v, w }, edge) {
  const parts = [draw("path", { d: curve(edge.points), "marker-end": "url(#arrow)" })];
  if (edge.label) {
    parts.push(draw("text", { x: edge.x, y: edge.y + 4, class: "way" }, [edge.label]));
  }
  return draw("g", { class: "edge", "data-kind": edge.kind, "data-from": v, "data-to": w }, parts);
}

function drawNode(name, node, runUrl) {
  if (name === START || name === END) {
    const dot = draw("circle", { cx: node.x, cy: node.y, r: DOT - 4 });
    return draw("g", { class: name === START ? "dot" : "dot end" }, [dot]);
  }
  const { state, inner, width, height } = node;
  const left = node.x - width / 2, top = node.y - height / 2;
  const most = Math.max(24, Math.floor(width / 8));
  const parts = [
    draw("title", {}, [name]),
    draw("rect", { class: "box", width, height, rx: 7 }),
    draw("rect", { class: "stripe", x: 0, y: 0, width: 5, height, rx: 2.5 }),
    draw("text", { x: 15, y: 20, class: "name" }, [shorten(name, most)]),
    draw("text", { x: 15, y: 37, class: "what", "data-whole": inner.length ? "" : state.what }, inner.length ? [] : [shorten(state.what, LINE)]),
    draw("text", { x: width - 9, y: inner.length ? 20 : 37, class: "note" }),
  ];
  const link = draw("a", { href: runUrl ? `${runUrl}?state=${encodeURIComponent(name)}` : "#", "aria-label": name }, parts);
  if (!runUrl) link.removeAttribute("href");
  let x = PAD;
  const children = inner.map((each) => {
    const child = drawBlock(each, runUrl);
    child.setAttribute("transform", `translate(${x},${HEAD})`);
    x += each.width + GAP;
    return child;
  });
  return draw(
    "g",
    { class: inner.length ? "node group" : "node", "data-name": name, transform: `translate(${left},${top})` },
    [link, ...children],
  );
}

function arrow() {
  const head = draw("path", { d: "M0,0 L8,4 L0,8 z" });
  const size = { viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" };
  return draw("defs", {}, [draw("marker", { id: "arrow", ...size }, [head])]);
}

function drawAll(figure) {
  const laid = layOutBlock(JSON.parse(figure.dataset.graph), true);
  const width = Math.ceil(laid.width) + 8, height = Math.ceil(laid.height) + 8;
  const picture = draw("svg", { viewBox: `-4 -4 ${width} ${height}`, width, height, role: "group" }, [
    arrow(), drawBlock(laid, figure.dataset.run),
  ]);
  figure.replaceChildren(picture);
  figure.scrollLeft = (figure.scrollWidth - figure.clientWidth) / 2;
}

// --- status of the states -------------------------------------------------------------------------------------------

function paint(figure, list) {
  const taken = new Set();
  for (const item of list.querySelectorAll("[data-name]")) {
    const { name, status, note } = item.dataset;
    const node = figure.querySelector(`.node[data-name="${CSS.escape(name)}"]`);
    if (!node) continue;
    node.dataset.status = status;
    const link = node.querySelector(":scope > a");
    link.setAttribute("aria-label", `${name}: ${status.toLowerCase().replace("_", " ")}${note ? `, ${note}` : ""}`);
    link.querySelector(".note").textContent = note;
    const what = link.querySelector(".what");
    what.textContent = shorten(what.dataset.whole, note ? LINE - note.length - 2 : LINE);
    for (const next of JSON.parse(item.dataset.next)) taken.add(`${name}\u0000${next}`);
  }
  const status = (name) => figure.querySelector(`.node[data-name="${CSS.escape(name)}"]`)?.dataset.status;
  for (const edge of figure.querySelectorAll(".edge")) {
    const { from, to, kind } = edge.dataset;
    const gone = kind === "start" ? Boolean(status(to))
      : kind === "end" ? ["SUCCEEDED", "FAILED"].includes(status(from))
      : taken.has(`${from}\u0000${to}`);
    edge.toggleAttribute("data-went", gone);
  }
}

// --- selected state -------------------------------------------------------------------------------------------------

function selectedName() {
  return new URLSearchParams(location.search).get("state");
}

function markSelected(figure) {
  const name = selectedName();
  for (const node of figure.querySelectorAll(".node")) {
    const link = node.querySelector(":scope > a");
    if (node.dataset.name === name) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function showDetail(figure) {
  window.htmx.ajax("GET", `${figure.dataset.run}/detail${location.search}`, { target: "#detail", swap: "innerHTML" });
  markSelected(figure);
}

function follow(figure, event) {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const url = new URL(link.getAttribute("href"), location.href);
  if (url.pathname !== location.pathname || link.closest("nav")) return;
  event.preventDefault();
  history.pushState(null, "", url);
  showDetail(figure);
}

function statusesOfSelection(list) {
  const name = selectedName();
  const item = name === null ? null : list.querySelector(`[data-name="${CSS.escape(name)}"]`);
  const whole = document.querySelector("#summary .status");
  return `${item?.dataset.status} ${whole?.dataset.status}`;
}

// Scroll a large machine to the running state, or to the state that made the run fail.
function scrollToState(figure) {
  const blamed = document.querySelector("#detail [data-blamed]")?.dataset.blamed;
  const place = figure.querySelector(`.node[data-name="${CSS.escape(blamed ?? "")}"]`)
    ?? ["RUNNING", "RETRYING", "FAILED"]
      .map((status) => [...figure.querySelectorAll(`.node[data-status=${status}]`)].at(-1)).find(Boolean);
  if (!place) return;
  const inner = place.getBoundingClientRect(), outer = figure.getBoundingClientRect();
  if (inner.bottom > outer.bottom) figure.scrollTop += inner.top - outer.top - outer.height / 3;
  if (inner.right > outer.right || inner.left < outer.left) {
    figure.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  }
}

// The text for screen readers.
function announcement(list) {
  const name = selectedName();
  const item = name === null ? null : list.querySelector(`[data-name="${CSS.escape(name)}"]`);
  const statusText = item ? `${name}: ${item.dataset.status.toLowerCase().replace("_", " ")}. ` : "";
  return `${statusText}The run: ${document.querySelector("#summary .status").textContent}.`;
}

function start(figure) {
  drawAll(figure);
  const list = document.getElementById("states");
  if (!list) return;
  list.classList.add("hidden-list");
  paint(figure, list);
  markSelected(figure);
  scrollToState(figure);
  let before = statusesOfSelection(list);
  const watcher = new MutationObserver(() => {
    paint(figure, list);
    const now = statusesOfSelection(list);
    if (now !== before) {
      showDetail(figure);
      document.getElementById("said").textContent = announcement(list);
    }
    before = now;
  });
  for (const each of [list, document.getElementById("summary")]) watcher.observe(each, { childList: true });
  for (const id of ["graph", "detail", "timeline"]) {
    document.getElementById(id)?.addEventListener("click", (event) => follow(figure, event));
  }
  addEventListener("popstate", () => showDetail(figure));
}

const figure = document.getElementById("graph");
if (figure) start(figure);
