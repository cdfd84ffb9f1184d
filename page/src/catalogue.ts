// What there is to show, and what is shown where nothing else is asked for.
import type { Pair, Study } from "./data.ts";
import { Grid } from "./grid.ts";
import { bestAxes } from "./layout.ts";
import { fromFragment } from "./view.ts";
import type { View } from "./view.ts";

export class Catalogue {
  private readonly grids = new Map<string, Grid>();

  constructor(private readonly study: Study) {}

  grid(dataset: string): Grid {
    if (!this.grids.has(dataset)) this.grids.set(dataset, new Grid(this.study.datasets[dataset]));
    return this.grids.get(dataset)!;
  }

  /** The model on the dataset; another model's where it was not asked about it. */
  pairOf(dataset: string, model: string): Pair {
    const of = this.study.pairs.filter((pair) => pair.dataset === dataset);
    return of.find((pair) => pair.model === model) ?? of[0] ?? this.study.pairs[0];
  }

  /** What points can be coloured by: probability where one of the models that are shown has it. */
  colours(view: View): View["colour"][] {
    const models = [view.model, view.model2].filter(Boolean);
    const known = models.some((model) => this.pairOf(view.dataset, model).probability);
    return known ? ["prediction", "probability", "fate"] : ["prediction", "fate"];
  }

  /** The view of a dataset and a model that nobody has changed. */
  standard(dataset: string, model: string): View {
    const pair = this.pairOf(dataset, model);
    const [x, y] = bestAxes(this.grid(dataset));
    const fields = {
      dataset,
      model: pair.model,
      condition: pair.conditions[0],
      metric: pair.metrics[0],
      x,
      y,
    };
    const second = { model2: "", condition2: "" };
    return {
      ...fields,
      ...second,
      colour: "prediction",
      panels: "all",
      hidden: [],
      landings: true,
      point: -1,
    };
  }

  /** The view that a link keeps: what it does not say is as nobody has changed it. */
  linked(fragment: string): View {
    const given = fromFragment(fragment);
    const [first] = this.study.pairs;
    const dataset =
      given.dataset && Object.hasOwn(this.study.datasets, given.dataset) ? given.dataset : first.dataset;
    return this.mended({ ...this.standard(dataset, given.model ?? first.model), ...given });
  }

  /** A view with only what there is; a link may be of another run. */
  mended(view: View): View {
    const dataset = Object.hasOwn(this.study.datasets, view.dataset)
      ? view.dataset
      : this.study.pairs[0].dataset;
    const pair = this.pairOf(dataset, view.model);
    const standard = this.standard(dataset, pair.model);
    const one = (value: string, of: string[], other: string) => (of.includes(value) ? value : other);
    const features = this.grid(dataset).dataset.features.map((feature) => feature.name);
    const second = view.model2 ? this.pairOf(dataset, view.model2) : null;
    const x = one(view.x, features, standard.x);
    const y = one(view.y, features, standard.y);
    const fates = this.study.fates.map((fate) => fate.name);
    const colours = this.colours({ ...view, dataset: pair.dataset, model: pair.model });
    return {
      ...view,
      colour: colours.includes(view.colour) ? view.colour : "prediction",
      dataset: pair.dataset,
      model: pair.model,
      condition: one(view.condition, pair.conditions, pair.conditions[0]),
      model2: second?.model ?? "",
      condition2: second ? one(view.condition2, second.conditions, second.conditions[0]) : "",
      metric: one(view.metric, pair.metrics, pair.metrics[0]),
      x,
      y: x === y ? (features.find((name) => name !== x) ?? y) : y,
      hidden: view.hidden.filter((fate) => fates.includes(fate)),
      point: view.point < this.grid(dataset).size ? view.point : -1,
    };
  }
}
