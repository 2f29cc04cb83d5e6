// Zoom a picture in a view that scrolls: to a scale, around a point, to the size of the view; by wheel, pinch and drag.
const MIN = 0.05;
const MAX = 3;
const STEP = 1.25;
const READABLE = 0.75; // the smallest scale at which the text can be read: names are 13 px high at the scale 1
const DRAG = 4; // pixels that the pointer moves before it is a drag and no click

export class Zoom {
  /** @param {HTMLElement} view @param {SVGElement} picture */
  constructor(view, picture) {
    this.view = view;
    this.picture = picture;
    this.width = Number(picture.getAttribute("width"));
    this.height = Number(picture.getAttribute("height"));
    this.scale = 1;
    this.chosen = false; // whether the visitor chose the scale
    this.moved = false; // whether the visitor moved the picture
    this.onchange = () => {};
  }

  // The room inside of the view, which grows with the picture up to its largest height.
  get room() {
    const style = getComputedStyle(this.view);
    const padding = (...sides) => sides.reduce((sum, side) => sum + parseFloat(style[`padding${side}`]), 0);
    return {
      width: this.view.clientWidth - padding("Left", "Right"),
      height: parseFloat(style.maxHeight) - padding("Top", "Bottom"),
    };
  }

  // Whether a part of the picture is outside of the view at the scale at which it opens.
  get overflows() {
    const { width, height } = this.room;
    const scale = this.openingScale;
    return this.width * scale > width + 1 || this.height * scale > height + 1;
  }

  // As wide as the view, unless nobody could read that.
  get openingScale() {
    const fitting = Math.min(1, this.room.width / this.width);
    return fitting < READABLE ? 1 : fitting;
  }

  open() {
    this.show(this.openingScale);
  }

  // Show the picture at a scale; the point in the window keeps its place, by default the middle of the view.
  /** @param {number} scale */
  show(scale, point = this.middle) {
    const before = this.picture.getBoundingClientRect();
    const x = (point.x - before.left) / this.scale;
    const y = (point.y - before.top) / this.scale;
    this.scale = Math.min(MAX, Math.max(MIN, scale));
    this.picture.setAttribute("width", String(this.width * this.scale));
    this.picture.setAttribute("height", String(this.height * this.scale));
    const after = this.picture.getBoundingClientRect();
    this.view.scrollLeft += after.left + x * this.scale - point.x;
    this.view.scrollTop += after.top + y * this.scale - point.y;
    this.onchange();
  }

  choose(scale, point) {
    this.chosen = true;
    this.show(scale, point);
  }

  enlarge(point) {
    this.choose(this.scale * STEP, point);
  }

  reduce(point) {
    this.choose(this.scale / STEP, point);
  }

  fit() {
    const { width, height } = this.room;
    this.choose(Math.min(1, width / this.width, height / this.height));
  }

  get middle() {
    const box = this.view.getBoundingClientRect();
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  }

  centre(element) {
    const inner = element.getBoundingClientRect();
    const outer = this.view.getBoundingClientRect();
    this.view.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  }

  // Scroll until an element of the picture is in the view; it stays where it is if all of it is visible.
  reveal(element) {
    const inner = element.getBoundingClientRect();
    const outer = this.view.getBoundingClientRect();
    if (inner.bottom > outer.bottom || inner.top < outer.top) {
      this.view.scrollTop += inner.top - outer.top - Math.max(0, outer.height - inner.height) / 3;
    }
    if (inner.right > outer.right || inner.left < outer.left) this.centre(element);
  }
}

/** @type {(zoom: Zoom) => void} */
export function zoomByWheel(zoom) {
  zoom.view.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // a touchpad's pinch arrives as a wheel with Ctrl
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / 100 : event.deltaY / 3;
      zoom.choose(zoom.scale * STEP ** Math.min(1, Math.max(-1, -lines)), { x: event.clientX, y: event.clientY });
    },
    { passive: false },
  );
}

/** @type {(zoom: Zoom) => void} */
export function zoomByPinch(zoom) {
  let start = null;
  /** @param {Iterable<Touch>} touches */
  const spread = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  zoom.view.addEventListener(
    "touchstart",
    ({ touches }) => {
      start = touches.length === 2 ? { spread: spread(touches), scale: zoom.scale } : null;
    },
    { passive: true },
  );
  zoom.view.addEventListener(
    "touchmove",
    (event) => {
      if (!start || event.touches.length !== 2) return;
      event.preventDefault();
      const [one, other] = event.touches;
      const middle = { x: (one.clientX + other.clientX) / 2, y: (one.clientY + other.clientY) / 2 };
      zoom.choose((start.scale * spread(event.touches)) / start.spread, middle);
    },
    { passive: false },
  );
}

/** @type {(zoom: Zoom) => void} */
export function zoomByKey(zoom) {
  zoom.view.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { "+": () => zoom.enlarge(), "=": () => zoom.enlarge(), "-": () => zoom.reduce(), 0: () => zoom.fit() }[
      event.key
    ];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

// Touch and pen scroll by themselves.
/** @type {(view: HTMLElement) => void} */
export function dragByMouse(view) {
  let from = null;
  let dragged = false;
  view.addEventListener("dragstart", (event) => event.preventDefault());
  view.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    from = { x: event.clientX, y: event.clientY, left: view.scrollLeft, top: view.scrollTop };
  });
  view.addEventListener("pointermove", (event) => {
    if (!from) return;
    const x = event.clientX - from.x;
    const y = event.clientY - from.y;
    if (!dragged && Math.hypot(x, y) < DRAG) return;
    if (!dragged) view.setPointerCapture(event.pointerId);
    dragged = true;
    view.scrollLeft = from.left - x;
    view.scrollTop = from.top - y;
  });
  for (const end of ["pointerup", "pointercancel"])
    view.addEventListener(end, () => {
      from = null;
    });
  view.addEventListener(
    "click",
    (event) => {
      if (!dragged) return;
      dragged = false;
      event.preventDefault();
      event.stopPropagation();
    },
    { capture: true },
  );
}
