// What the console's scripts know of its pages and events, and TypeScript's own types of browsers do not.

/** The class of what a selector finds, from the name of the element in it. */
type Found<Selector extends string> = Selector extends `${string}input${string}`
  ? HTMLInputElement
  : Selector extends `${string}button${string}`
    ? HTMLButtonElement
    : Selector extends `${string}form`
      ? HTMLFormElement
      : Selector extends `${string}tbody`
        ? HTMLTableSectionElement
        : Selector extends `${string}link[${string}`
          ? HTMLLinkElement
          : Selector extends `${string} a` | `a[${string}`
            ? HTMLAnchorElement
            : HTMLElement;

interface ParentNode {
  querySelector<Selector extends string>(selector: Selector): Found<Selector> | null;
  querySelectorAll<Selector extends string>(selector: Selector): NodeListOf<Found<Selector>>;
}

interface Element {
  closest<Selector extends string>(selector: Selector): Found<Selector> | null;
}

/** Events that the scripts listen for, with what they happen to. */
interface PageEvents {
  change: Event & { target: HTMLInputElement };
  click: MouseEvent & { target: HTMLElement };
  focusin: FocusEvent & { target: HTMLInputElement };
  input: InputEvent & { target: HTMLInputElement };
  keydown: KeyboardEvent & { target: HTMLElement };
  mousedown: MouseEvent & { target: HTMLElement };
  refresh: Event & { target: HTMLElement };
  renewed: Event & { target: HTMLElement };
  submit: SubmitEvent & { target: HTMLFormElement; submitter: HTMLButtonElement | null };
}

interface Document {
  addEventListener<Name extends keyof PageEvents>(
    name: Name,
    listener: (event: PageEvents[Name]) => unknown,
    options?: AddEventListenerOptions | boolean,
  ): void;
}

interface HTMLElement {
  addEventListener<Name extends keyof PageEvents>(
    name: Name,
    listener: (event: PageEvents[Name]) => unknown,
    options?: AddEventListenerOptions | boolean,
  ): void;
}

interface Window {
  Idiomorph: { morph(old: Element, fresh: Element, options: object): void };
  onconnect: (event: MessageEvent) => void;
}

declare const SharedWorkerGlobalScope: { new (): object };

/** A graph of states, as console/view/runs/graph.py makes it. */
interface GraphBlock {
  start: string;
  states: GraphState[];
}

interface GraphState {
  name: string;
  what: string;
  end: boolean;
  transitions: { to: string; label: string; kind: string }[];
  blocks: GraphBlock[];
}

/** A block with a place for each of its states; `graph` is one of Dagre. */
interface LaidBlock {
  graph: any;
  left: number;
  top: number;
  width: number;
  height: number;
}
