// Draw a graph that is laid out: boxes with their names, and curves between them.

import { DOT, END, GAP, HEAD, PAD, START, TEXT_LEFT, TEXT_RIGHT } from "./layout.js";
import { writeNote } from "./note.js";
import { NAME, shortenText } from "./text_width.js";

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 4;

// `urlOf` returns the URL of a state, or null if states cannot be selected.
/** @type {(laid: LaidBlock, urlOf: (state: string) => string | null) => SVGElement} */
export function drawGraph(laid, urlOf) {
  const width = Math.ceil(laid.width) + 2 * MARGIN;
  const height = Math.ceil(laid.height) + 2 * MARGIN;
  const block = drawBlock(laid, urlOf, MARGIN, MARGIN);
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group" }, [arrow(), block]);
}

function draw(tag, attributes = {}, children = []) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function drawBlock(laid, urlOf, x, y) {
  const edges = laid.graph.edges().map((edge) => drawEdge(edge, laid.graph.edge(edge)));
  const nodes = laid.graph.nodes().map((name) => drawNode(name, laid.graph.node(name), urlOf));
  return draw("g", { transform: `translate(${x - laid.left},${y - laid.top})` }, [...edges, ...nodes]);
}

function drawEdge({ v, w }, edge) {
  const parts = [draw("path", { d: curve(edge.points), "marker-end": "url(#arrow)" })];
  if (edge.label) parts.push(draw("text", { x: edge.x, y: edge.y + 4, class: "way" }, [edge.label]));
  return draw(
    "g",
    { class: "edge", "data-kind": edge.kind, "data-from": v, "data-to": w, "data-at": edge.at ?? "" },
    parts,
  );
}

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

function drawNode(name, node, urlOf) {
  if (name === START || name === END) {
    const dot = draw("circle", { cx: node.x, cy: node.y, r: DOT - 4 });
    return draw("g", { class: name === START ? "dot" : "dot end" }, [dot]);
  }
  const { state, inner, width, height } = node;
  let x = PAD;
  const children = inner.map((each) => {
    const child = drawBlock(each, urlOf, x, HEAD);
    x += each.width + GAP;
    return child;
  });
  const place = `translate(${node.x - width / 2},${node.y - height / 2})`;
  return draw("g", { class: inner.length ? "node group" : "node", "data-name": name, transform: place }, [
    drawBox(state, width, height, urlOf(name)),
    ...children,
  ]);
}

function drawBox(state, width, height, url) {
  const isGroup = state.blocks.length > 0;
  const room = width - TEXT_LEFT - TEXT_RIGHT;
  const parts = [
    draw("title", {}, [state.name]),
    draw("rect", { class: "box", width, height, rx: 7 }),
    draw("rect", { class: "stripe", x: 0, y: 0, width: 5, height, rx: 2.5 }),
    draw("text", { x: TEXT_LEFT, y: 20, class: "name" }, [shortenText(state.name, NAME, room)]),
    draw("text", { x: TEXT_LEFT, y: 37, class: "what", "data-whole": isGroup ? "" : state.what }),
    draw("text", { x: width - TEXT_RIGHT, y: isGroup ? 20 : 37, class: "note" }),
  ];
  const link = draw("a", { "data-room": room, ...(url ? { href: url, "aria-label": state.name } : {}) }, parts);
  writeNote(link, "");
  return link;
}

function arrow() {
  const head = draw("path", { d: "M0,0 L8,4 L0,8 z" });
  const size = { viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" };
  return draw("defs", {}, [draw("marker", { id: "arrow", ...size }, [head])]);
}
