// The boundary explorer: one or two maps with one cursor, what they show, and the address that keeps it.
import type { Arrays, Pair, Study } from "./data.ts";
import { openArrays } from "./data.ts";
import { button, checkbox, h, onWidth, select, unique } from "./dom.ts";
import { swatch } from "./charts.ts";
import { Catalogue } from "./catalogue.ts";
import type { Grid } from "./grid.ts";
import { axesOf, countPanels, layOut, MOST_PANELS } from "./layout.ts";
import { pointTable } from "./points.ts";
import { Side } from "./side.ts";
import { TalkDialog } from "./talk.ts";
import { named, whole } from "./text.ts";
import { toFragment } from "./view.ts";
import type { View } from "./view.ts";

const KEYS =
  "Arrow keys move; page keys change the other features; Enter opens the conversation; Escape lets go.";

export class Explorer {
  readonly element = h("section", { id: "explorer", "aria-labelledby": "explorer-title" });
  view: View;
  private readonly catalogue: Catalogue;
  private readonly dialog: TalkDialog;
  private readonly controls = h("div", { class: "controls" });
  private readonly filters = h("fieldset", { class: "filters" });
  private readonly sliders = h("div", { class: "controls" });
  private readonly sides: Side[];
  private readonly both = h("div", { class: "sides" });
  private readonly live = h("p", { class: "unseen", "aria-live": "polite" });
  private readonly points = h("details", { class: "points" });
  private looked = -1;
  private frame = 0;
  private drawing = 0;

  constructor(private readonly study: Study) {
    this.catalogue = new Catalogue(study);
    this.view = this.catalogue.linked(location.hash);
    this.dialog = new TalkDialog(study);
    const help = h("p", { class: "hint", id: unique("help") }, KEYS);
    const listener = {
      look: (point: number) => this.look(point),
      keep: (point: number) => this.keep(point),
      key: (event: KeyboardEvent) => this.key(event),
      talk: (side: Side) => void this.talk(side),
    };
    this.sides = [new Side(study, listener, help.id), new Side(study, listener, help.id)];
    this.both.append(this.sides[0].element);
    this.element.append(
      h("h2", { id: "explorer-title" }, "The boundary, point by point"),
      h("p", { class: "lead" }, LEAD),
      this.controls,
      this.sliders,
      this.filters,
      legend(),
      this.both,
      help,
      this.live,
      this.points,
      this.dialog.element,
    );
    this.points.append(h("summary", {}, "The same as a table"));
    this.points.addEventListener("toggle", () => void this.fillPoints());
    onWidth(this.both, () => void this.draw());
    window.addEventListener("hashchange", () => {
      if (location.hash.includes("=")) void this.set(this.catalogue.linked(location.hash));
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => void this.draw());
    this.fillControls();
  }

  grid(): Grid {
    return this.catalogue.grid(this.view.dataset);
  }

  async set(view: View): Promise<void> {
    this.view = this.catalogue.mended(view);
    this.fillControls();
    this.remember();
    await this.draw();
  }

  /** Show a model, and bring the maps into sight and its map under the keys. */
  async open(model: string, dataset: string): Promise<void> {
    await this.set({ ...this.catalogue.standard(dataset, model), colour: this.view.colour });
    this.element.scrollIntoView();
    this.sides[0].focus();
  }

  private change(part: Partial<View>): void {
    void this.set({ ...this.view, ...part });
  }

  private remember(): void {
    const standard = this.catalogue.standard(this.view.dataset, this.view.model);
    history.replaceState(null, "", `#${toFragment(this.view, standard)}`);
  }

  // --- what can be chosen

  private fillControls(): void {
    const { view, study } = this;
    const pairs = study.pairs.filter((pair) => pair.dataset === view.dataset);
    const list = (label: string, names: string[], value: string, field: keyof View, empty?: string) => {
      const choices = names.map((name) => ({ value: name, label: named(name) }));
      if (empty !== undefined) choices.unshift({ value: "", label: empty });
      return select(label, choices, value, (chosen) => this.change({ [field]: chosen })).element;
    };
    const models = pairs.map((pair) => pair.model);
    const first = this.catalogue.pairOf(view.dataset, view.model);
    const datasets = Object.keys(study.datasets);
    const dataset = select(
      "dataset",
      datasets.map((value) => ({ value, label: named(value) })),
      view.dataset,
      (chosen) => void this.set({ ...this.catalogue.standard(chosen, view.model), colour: view.colour }),
    ).element;
    const features = this.grid().dataset.features.map((feature) => feature.name);
    const compared = view.model2 ? this.catalogue.pairOf(view.dataset, view.model2) : null;
    this.replaceKeepingFocus(this.controls, [
      dataset,
      list("model", models, view.model, "model"),
      list("condition", first.conditions, view.condition, "condition"),
      list("compare with", models, view.model2, "model2", "nothing"),
      compared && list("its condition", compared.conditions, view.condition2, "condition2"),
      features.length > 1 ? list("across", features, view.x, "x") : null,
      features.length > 1 ? list("upwards", features, view.y, "y") : null,
      list("colour by", this.catalogue.colours(view), view.colour, "colour"),
      first.metrics.length > 1 ? list("distance", first.metrics, view.metric, "metric") : null,
      features.length > 2 ? list("other features", ["all", "one"], view.panels, "panels") : null,
      checkbox("where SCEs land", view.landings, (on) => this.change({ landings: on })),
    ]);
    this.fillFilters();
    this.fillSliders();
  }

  private replaceKeepingFocus(holder: HTMLElement, children: (Node | null)[]): void {
    const inputs = () => [...holder.querySelectorAll<HTMLElement>("select, input, button")];
    const place = inputs().findIndex((input) => input === document.activeElement);
    holder.replaceChildren(...children.filter((child) => child !== null));
    if (place >= 0) inputs()[place]?.focus();
  }

  private fillFilters(): void {
    const { view, study } = this;
    const models = [view.model, view.model2].filter(Boolean);
    const rows = study.counts.filter((row) => row.dataset === view.dataset && models.includes(row.model));
    const there = study.fates.filter((_, code) => rows.some((row) => row.counts[code] > 0));
    const boxes = there.map((fate) => {
      const box = checkbox(named(fate.name), !view.hidden.includes(fate.name), (on) =>
        this.change({
          hidden: on ? view.hidden.filter((name) => name !== fate.name) : [...view.hidden, fate.name],
        }),
      );
      box.title = fate.meaning;
      box.querySelector("label")!.prepend(swatch(study.fates.indexOf(fate)));
      return box;
    });
    this.replaceKeepingFocus(this.filters, [h("legend", {}, "Show the points whose SCE is"), ...boxes]);
  }

  /** Where one panel is shown: the levels at which the other features are held. */
  private fillSliders(): void {
    const grid = this.grid();
    const axes = axesOf(grid, this.view.x, this.view.y, null);
    if (!this.held(axes.others)) {
      this.sliders.replaceChildren();
      return;
    }
    const at = Math.max(0, this.view.point);
    this.replaceKeepingFocus(
      this.sliders,
      axes.others.map((f) => {
        const feature = grid.dataset.features[f];
        const bar = {
          type: "range",
          min: 0,
          max: grid.shape[f] - 1,
          value: grid.rank(at, f),
          id: unique("slide"),
        };
        const slider = h("input", { ...bar, "aria-valuetext": feature.labels[grid.rank(at, f)] });
        slider.addEventListener("input", () => {
          const point = Math.max(0, this.view.point);
          this.change({ point: grid.step(point, f, Number(slider.value) - grid.rank(point, f)) });
        });
        const label = `${named(feature.name)}: ${feature.labels[grid.rank(at, f)]}`;
        return h("span", { class: "field" }, h("label", { for: bar.id }, label), slider);
      }),
    );
  }

  private held(others: number[]): boolean {
    return (
      others.length > 0 && (this.view.panels === "one" || countPanels(this.grid(), others) > MOST_PANELS)
    );
  }

  // --- drawing

  async draw(): Promise<void> {
    const ours = ++this.drawing;
    const { view } = this;
    const wanted = [
      [view.model, view.condition],
      [view.model2, view.condition2],
    ].filter(([model]) => model);
    const shown = this.sides.slice(0, wanted.length);
    this.both.classList.toggle("two", shown.length === 2);
    if (this.both.childElementCount !== shown.length)
      this.both.replaceChildren(...shown.map((side) => side.element));
    for (const [i, [model, condition]] of wanted.entries()) {
      const pair = this.catalogue.pairOf(view.dataset, model);
      if (!pair.map) {
        this.sides[i].refuse(
          pair.model,
          `${whole(pair.too_large ?? 0)} points are too many for this map; ${APART}`,
        );
        continue;
      }
      const arrays = await openArrays(pair);
      if (ours !== this.drawing) return;
      this.drawSide(this.sides[i], pair, condition, arrays);
    }
    this.looked = view.point;
    for (const side of shown) side.look(this.grid(), view.point);
    await this.fillPoints();
  }

  private drawSide(side: Side, pair: Pair, condition: string, arrays: Arrays): void {
    const { view } = this;
    const grid = this.grid();
    const free = axesOf(grid, view.x, view.y, null);
    const axes = this.held(free.others) ? { ...free, held: grid.ranks(Math.max(0, view.point)) } : free;
    const hidden = new Set(
      view.hidden.map((name) => this.study.fates.findIndex((fate) => fate.name === name)),
    );
    const layout = layOut(grid, axes, side.width);
    const { metric, landings } = view;
    side.show(pair, layout, { arrays, condition, metric, by: view.colour, hidden, landings });
  }

  private async fillPoints(): Promise<void> {
    const pair = this.catalogue.pairOf(this.view.dataset, this.view.model);
    for (const old of this.points.querySelectorAll(".data-table")) old.remove();
    if (!this.points.open || !pair.map) return;
    const arrays = await openArrays(pair);
    const { condition, metric } = this.view;
    for (const old of this.points.querySelectorAll(".data-table")) old.remove();
    this.points.append(pointTable(this.study, pair, this.grid(), arrays, condition, metric));
  }

  // --- looking

  /** The cursor of both maps; drawn at most once for each picture of the screen. */
  private look(point: number): void {
    const next = point < 0 ? this.view.point : point;
    if (next === this.looked) return;
    this.looked = next;
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      for (const side of this.sides) side.look(this.grid(), this.looked);
    });
  }

  private keep(point: number): boolean {
    const fresh = point !== this.view.point;
    const held = this.held(axesOf(this.grid(), this.view.x, this.view.y, null).others);
    this.view = { ...this.view, point };
    this.remember();
    if (held) void this.draw();
    this.looked = point;
    for (const side of this.sides) side.look(this.grid(), point);
    if (held) this.fillSliders();
    return fresh;
  }

  private key(event: KeyboardEvent): void {
    const grid = this.grid();
    const axes = axesOf(grid, this.view.x, this.view.y, null);
    const other = axes.others[event.shiftKey ? 1 : 0] ?? axes.others[0];
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [axes.x, -1],
      ArrowRight: [axes.x, 1],
      ArrowUp: [axes.y, 1],
      ArrowDown: [axes.y, -1],
      PageUp: [other ?? -1, 1],
      PageDown: [other ?? -1, -1],
    };
    const step = steps[event.key];
    if (event.key === "Enter" || event.key === " ") {
      const side = this.sides.find((each) => each.element.contains(event.target as Node));
      if (side && this.view.point >= 0 && side.talks()) void this.talk(side);
    } else if (event.key === "Escape") this.keep(-1);
    else if (step && step[0] >= 0) this.keep(this.view.point < 0 ? 0 : grid.step(this.view.point, ...step));
    else return;
    event.preventDefault();
    this.tell();
  }

  private tell(): void {
    const { point } = this.view;
    const names = this.grid().dataset.features.map((feature) => named(feature.name));
    const where =
      point < 0
        ? []
        : this.grid()
            .labels(point)
            .map((label, i) => `${names[i]} ${label}`);
    const told = this.sides
      .filter((side) => side.fact)
      .map((side) => `${side.fact!.prediction ?? "none"}. ${side.verdict()}`);
    this.live.textContent = point < 0 ? "No point." : `${where.join(", ")}: ${told.join(" Compared: ")}`;
  }

  private async talk(side: Side): Promise<void> {
    const { point } = this.view;
    if (!side.pair || !side.fact || point < 0) return;
    await this.dialog.open(side.pair, this.grid(), point, side.condition, side.fact.option, side.verdict());
  }
}

const APART = "the Parquet files beside this page hold them, and every table here counts them.";

const LEAD =
  "Each cell is one instance, coloured by what the model predicts there; a line runs where its prediction flips. " +
  "A circle stands where its self-generated counterfactuals (SCEs) end, the larger the more of them; an SCE that " +
  "repeats its instance has none.";

function legend(): HTMLElement {
  const key = (kind: string, text: string) =>
    h("span", { class: "key" }, h("span", { class: `mark ${kind}` }), text);
  return h(
    "p",
    { class: "legend" },
    key("landing", "where SCEs end"),
    key("arrow", "from the instance to its SCE (dashed: not valid)"),
    key("near", "its nearest valid counterfactual"),
    button("Copy the link to this view", () => void navigator.clipboard?.writeText(location.href), {
      class: "copy",
    }),
  );
}
