// Elements, made without markup: texts go in as text.
type Attributes = Record<string, string | number | boolean | null | undefined>;
export type Child = Node | string | null | undefined;

function fill<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

export const h = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => fill(document.createElement(tag), attributes, children);

export const s = <K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

let last = 0;

/** A name that no other element of the page has. */
export const unique = (stem: string): string => `${stem}-${++last}`;

/** Calls when an element has another width. */
export function onWidth(element: Element, call: () => void): void {
  let width = 0;
  new ResizeObserver(([entry]) => {
    if (Math.abs(entry.contentRect.width - width) > 1) call();
    width = entry.contentRect.width;
  }).observe(element);
}

export interface Choice {
  value: string;
  label: string;
}

/** A labelled list to choose one value from. */
export function select(
  label: string,
  choices: Choice[],
  value: string,
  change: (value: string) => void,
): { element: HTMLElement; list: HTMLSelectElement } {
  const list = h("select", { id: unique("choose") });
  for (const choice of choices) list.append(h("option", { value: choice.value }, choice.label));
  list.value = value;
  list.addEventListener("change", () => change(list.value));
  return { element: h("span", { class: "field" }, h("label", { for: list.id }, label), list), list };
}

export function checkbox(label: string, checked: boolean, change: (on: boolean) => void): HTMLElement {
  const box = h("input", { type: "checkbox", id: unique("check"), checked });
  box.addEventListener("change", () => change(box.checked));
  return h("span", { class: "check" }, box, h("label", { for: box.id }, label));
}

export function button(label: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const found = h("button", { type: "button", ...attributes }, label);
  found.addEventListener("click", press);
  return found;
}

/** A colour of the style sheet. */
export const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();
