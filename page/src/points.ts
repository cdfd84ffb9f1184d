// The points of a map as a table, for readers without a pointer or without eyes on the picture.
import type { Arrays, Pair, Study } from "./data.ts";
import { NONE } from "./data.ts";
import type { Grid } from "./grid.ts";
import { DataTable } from "./table.ts";
import type { Row } from "./table.ts";
import { named } from "./text.ts";
import { factOf } from "./verdict.ts";

export function pointTable(
  study: Study,
  pair: Pair,
  grid: Grid,
  arrays: Arrays,
  condition: string,
  metric: string,
): HTMLElement {
  const names = grid.dataset.features.map((feature) => feature.name);
  const rows: Row[] = [];
  for (let point = 0; point < grid.size; point++) {
    const fact = factOf(study, grid, arrays, condition, metric, point);
    const values = grid.dataset.features.map((feature, i) => {
      const rank = grid.rank(point, i);
      return feature.labels[rank] === String(feature.codes[rank])
        ? feature.codes[rank]
        : feature.labels[rank];
    });
    rows.push({
      ...Object.fromEntries(names.map((name, i) => [name, values[i]])),
      prediction: fact.prediction,
      probability: Number.isNaN(fact.probability) ? null : fact.probability,
      SCE: fact.target < 0 ? null : grid.labels(fact.target).join(", "),
      fate: fact.fate === NONE ? null : named(study.fates[fact.fate].name),
      distance: Number.isNaN(fact.distance) ? null : fact.distance,
      needed: Number.isNaN(fact.needed) ? null : fact.needed,
    });
  }
  const sure = pair.probability ? ["probability"] : [];
  const columns = [...names, "prediction", ...sure, "SCE", "fate", "distance", "needed"];
  const labels: Record<string, string> = { probability: `probability of ${grid.dataset.options[1]}` };
  const filters = ["prediction", "fate"];
  const caption = `The points of ${named(pair.dataset)} for ${pair.model}, condition ${named(condition)} (${metric})`;
  return new DataTable(
    rows,
    columns.map((key) => ({ key, label: labels[key], filter: filters.includes(key) })),
    caption,
  ).element;
}
