// Lay out a graph (console/view/runs/graph.py) with Dagre, a block at a time: the contents of a Parallel or a Map are laid out
// first and form one large node in the block around them. The size of a block covers all that is drawn in it.
import dagre from "../vendor/dagre.esm.js";
import { LABEL, measureText, NAME } from "./text_width.js";

export const START = "\u0000start";
export const END = "\u0000end";
export const PAD = 14;
export const HEAD = 34;
export const GAP = 16;
export const DOT = 12;
export const TEXT_LEFT = 15; // the room beside a state's text
export const TEXT_RIGHT = 9;
const LEAF = { width: 190, height: 48 };
const MAX_WIDTH = 320;
const ARROW = 4; // half the width of an arrow

/** @type {(block: GraphBlock) => LaidBlock} */
export function layOutGraph(block) {
  return layOutBlock(block, true);
}

function measureState(state) {
  const named = Math.min(MAX_WIDTH, measureText(state.name, NAME) + TEXT_LEFT + TEXT_RIGHT);
  if (!state.blocks.length) return { state, inner: [], width: Math.max(LEAF.width, named), height: LEAF.height };
  const inner = state.blocks.map((block) => layOutBlock(block, false));
  const width = inner.reduce((sum, each) => sum + each.width, GAP * (inner.length - 1)) + 2 * PAD;
  const height = Math.max(0, ...inner.map((each) => each.height)) + HEAD + PAD;
  return { state, inner, width: Math.max(LEAF.width, named, width), height: Math.max(LEAF.height, height) };
}

function layOutBlock(block, outermost) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 26, ranksep: 34, edgesep: 14, marginx: 2, marginy: 2 });
  graph.setDefaultEdgeLabel(() => ({}));
  const names = new Set(block.states.map((state) => state.name));
  for (const state of block.states) graph.setNode(state.name, measureState(state));
  if (outermost) graph.setNode(START, { width: DOT * 2, height: DOT * 2 });
  if (outermost && names.has(block.start)) link(graph, START, block.start, { kind: "start", label: "" });
  for (const state of block.states) {
    state.transitions.forEach((transition, at) => {
      if (names.has(transition.to)) link(graph, state.name, transition.to, { ...transition, at });
    });
    if (outermost && state.end) {
      graph.setNode(END, { width: DOT * 2, height: DOT * 2 });
      link(graph, state.name, END, { kind: "end", label: "", at: -1 });
    }
  }
  dagre.layout(graph);
  return { graph, ...findBounds(graph) };
}

function link(graph, from, to, transition) {
  const labelled = transition.label !== "";
  const size = {
    width: labelled ? measureText(transition.label, LABEL) + 6 : 0,
    height: labelled ? 14 : 0,
    labelpos: "c",
  };
  graph.setEdge(from, to, { ...transition, ...size }, `${transition.kind}${transition.at ?? ""}`);
}

// Dagre's own size leaves out edges that go around the nodes.
function findBounds(graph) {
  const boxes = graph.nodes().map((name) => graph.node(name));
  for (const edge of graph.edges().map((each) => graph.edge(each))) {
    boxes.push(...edge.points.map((point) => ({ ...point, width: 2 * ARROW, height: 2 * ARROW })));
    if (edge.label) boxes.push(edge);
  }
  const edges = (centre, size) => boxes.flatMap((box) => [box[centre] - box[size] / 2, box[centre] + box[size] / 2]);
  const [left, right] = extremes(edges("x", "width"));
  const [top, bottom] = extremes(edges("y", "height"));
  return { left, top, width: right - left, height: bottom - top };
}

function extremes(numbers) {
  return numbers.reduce(
    ([low, high], each) => [Math.min(low, each), Math.max(high, each)],
    numbers.length ? [Infinity, -Infinity] : [0, 0],
  );
}
