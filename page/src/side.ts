// One map of the explorer: a model under a condition, and what is known of the point that is looked at.
import type { Pair, Study } from "./data.ts";
import { button, h } from "./dom.ts";
import type { Grid } from "./grid.ts";
import { boxOf, pointAt } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { drawMap, drawPoint, prepare } from "./map.ts";
import type { Shown } from "./map.ts";
import { swatch } from "./charts.ts";
import { named, number, percent } from "./text.ts";
import { factOf, verdictOf } from "./verdict.ts";
import type { Fact } from "./verdict.ts";

export interface Listener {
  look(point: number): void; // -1: at none
  keep(point: number): boolean; // whether another one was kept before
  key(event: KeyboardEvent): void;
  talk(side: Side): void;
}

export class Side {
  readonly element: HTMLElement;
  pair: Pair | null = null;
  condition = "";
  metric = "";
  fact: Fact | null = null;
  private readonly heading = h("h3");
  private readonly told = h("p", { class: "told" });
  private readonly base = h("canvas", { "aria-hidden": "true" });
  private readonly over = h("canvas", { class: "over", "aria-hidden": "true" });
  private readonly map = h("div", { class: "map", tabindex: 0, role: "application" }, this.base, this.over);
  private readonly frame = h("div", { class: "frame" }, this.map);
  private readonly details = h("div", { class: "details" });
  private layout: Layout | null = null;
  private shown: Shown | null = null;
  private overContext: CanvasRenderingContext2D | null = null;

  constructor(
    private readonly study: Study,
    private readonly listener: Listener,
    help: string,
  ) {
    this.map.setAttribute("aria-describedby", help);
    this.element = h("section", { class: "side" }, this.heading, this.told, this.frame, this.details);
    this.map.addEventListener("pointermove", (event) => this.pointer(event, (point) => listener.look(point)));
    this.map.addEventListener("pointerleave", () => listener.look(-1));
    this.map.addEventListener("click", (event) =>
      this.pointer(event, (point) => {
        if (point < 0) return;
        const fresh = listener.keep(point);
        const finger = (event as PointerEvent).pointerType === "touch"; // it has no way to look first
        if (this.talks() && !(finger && fresh)) listener.talk(this);
      }),
    );
    this.map.addEventListener("keydown", (event) => listener.key(event));
  }

  get width(): number {
    return Math.max(240, this.frame.clientWidth);
  }

  focus(): void {
    this.map.focus({ preventScroll: true });
  }

  private pointer(event: MouseEvent, tell: (point: number) => void): void {
    if (!this.layout) return;
    const box = this.base.getBoundingClientRect();
    tell(pointAt(this.layout, event.clientX - box.left, event.clientY - box.top));
  }

  talks(): boolean {
    return Boolean(this.pair?.talk);
  }

  /** Draw the map anew. */
  show(pair: Pair, layout: Layout, shown: Shown): void {
    Object.assign(this, { pair, layout, shown, condition: shown.condition, metric: shown.metric });
    this.heading.textContent = `${pair.model}, condition ${named(shown.condition)}`;
    const dataset = layout.grid.dataset;
    const count = (code: number) =>
      Array.from(shown.arrays.prediction).filter((each) => each === code).length;
    const [zero, one] = [count(0), count(1)];
    this.told.replaceChildren(
      h("span", { class: "key" }, option(0), `${dataset.options[0]}: ${percent(zero, dataset.size)}`),
      h("span", { class: "key" }, option(1), `${dataset.options[1]}: ${percent(one, dataset.size)}`),
    );
    if (shown.by === "fate")
      this.told.replaceChildren("Coloured by what became of the SCE of each point, as listed above.");
    if (shown.by === "probability") this.told.replaceChildren(...sureness(pair, dataset.options));
    drawMap(prepare(this.base, layout.width, layout.height), layout, shown);
    this.overContext = prepare(this.over, layout.width, layout.height);
    this.map.style.height = `${layout.height}px`;
    const features = dataset.features.map((feature) => named(feature.name)).join(", ");
    this.map.setAttribute(
      "aria-label",
      `Map of the predictions of ${pair.model} over ${features}; condition ${named(shown.condition)}`,
    );
  }

  /** Say that there is nothing to draw. */
  refuse(heading: string, message: string): void {
    Object.assign(this, { pair: null, layout: null, shown: null, fact: null });
    this.heading.textContent = heading;
    this.told.textContent = message;
    prepare(this.base, 0, 0);
    prepare(this.over, 0, 0);
    this.map.style.height = "0";
    this.details.replaceChildren();
  }

  /** Mark the point that is looked at, and say what is known of it. */
  look(grid: Grid, point: number): void {
    if (!this.layout || !this.shown || !this.overContext || !this.pair) return;
    drawPoint(this.overContext, this.layout, this.shown, point);
    if (point < 0) {
      this.fact = null;
      this.details.replaceChildren(
        h("p", { class: "hint" }, "Point at the map, or move with the arrow keys."),
      );
      return;
    }
    this.fact = factOf(this.study, grid, this.shown.arrays, this.condition, this.metric, point);
    this.details.replaceChildren(...this.describe(grid, point, this.fact));
  }

  verdict(): string {
    return this.fact ? verdictOf(this.study, this.fact, this.metric) : "";
  }

  private describe(grid: Grid, point: number, fact: Fact): Node[] {
    const predicted = fact.prediction === null ? "no prediction" : `predicts “${fact.prediction}”`;
    const counted = this.pair!.probability === "askings";
    const likely = counted ? number(100 * fact.probability) + "% of askings" : number(fact.probability);
    const name = counted ? "" : "probability of ";
    const probable = Number.isNaN(fact.probability)
      ? ""
      : ` (${name}“${grid.dataset.options[1]}”: ${likely})`;
    const verdict = h("p", { class: "verdict" }, fact.fate < 10 ? swatch(fact.fate) : null, this.verdict());
    const talk = this.talks()
      ? button("Open the conversation", () => this.listener.talk(this), { class: "open-talk" })
      : this.pair?.file
        ? h(
            "a",
            { href: `${this.pair.file}#p=${point}&c=${this.condition}`, target: "_blank", rel: "noreferrer" },
            "Open the conversation (a page of its own)",
          )
        : null;
    const start = h("p", {}, `${this.pair!.model} ${predicted}${probable}.`);
    return [start, verdict, this.instance(grid, point, fact), talk].filter((node) => node !== null);
  }

  /** The instance, its SCE and the nearest counterfactual, feature by feature. */
  private instance(grid: Grid, point: number, fact: Fact): HTMLElement {
    const labels = grid.labels(point);
    const to =
      fact.target >= 0 ? grid.labels(fact.target) : fact.record?.map((value, i) => off(grid, value, i));
    const near = fact.nearest >= 0 ? grid.labels(fact.nearest) : null;
    const hides = (target: number) =>
      target >= 0 && this.layout !== null && boxOf(this.layout, target) === null;
    const head = h("tr", {}, h("td"), h("th", { scope: "col" }, "instance"));
    if (to) head.append(h("th", { scope: "col" }, hides(fact.target) ? "SCE (not in this panel)" : "SCE"));
    if (near)
      head.append(
        h("th", { scope: "col" }, hides(fact.nearest) ? "nearest valid (not here)" : "nearest valid"),
      );
    const body = grid.dataset.features.map((feature, i) => {
      const row = h("tr", {}, h("th", { scope: "row" }, named(feature.name)), h("td", {}, labels[i]));
      for (const other of [to, near])
        if (other) row.append(h("td", { class: other[i] === labels[i] ? "same" : "changed" }, other[i]));
      return row;
    });
    const distances = h(
      "tr",
      { class: "distance" },
      h("th", { scope: "row" }, `distance (${this.metric})`),
      h("td"),
    );
    if (to) distances.append(h("td", {}, number(fact.distance)));
    if (near) distances.append(h("td", {}, number(fact.needed)));
    return h(
      "div",
      { class: "scroll" },
      h("table", { class: "instance" }, h("thead", {}, head), h("tbody", {}, ...body, distances)),
    );
  }
}

/** How to read colours that are probabilities. */
function sureness(pair: Pair, options: [string, string]): (Node | string)[] {
  if (!pair.probability)
    return ["Nothing is known of the probabilities of this model: its colours are predictions."];
  const from = pair.probability === "askings" ? "how often it was the answer" : "log-probabilities";
  return [
    h(
      "span",
      { class: "key" },
      `${options[0]}: certain`,
      h("span", { class: "ramp", "aria-hidden": "true" }),
      `${options[1]}: certain`,
    ),
    h("span", {}, `by ${from}; the paler, the less sure`),
  ];
}

/** A value off the grid, or the label of its level. */
function off(grid: Grid, value: number, feature: number): string {
  const { codes, labels } = grid.dataset.features[feature];
  const found = codes.indexOf(value);
  return found < 0 ? number(value) : labels[found];
}

function option(code: number): HTMLElement {
  return h("span", { class: `chip option-${code}`, "aria-hidden": "true" });
}
