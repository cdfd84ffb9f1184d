// What a point's SCE is, in words and numbers.
import type { Arrays, Study } from "./data.ts";
import { NONE } from "./data.ts";
import type { Grid } from "./grid.ts";
import { number } from "./text.ts";

export interface Fact {
  prediction: string | null;
  option: number; // that it chose; -1: none
  fate: number; // a code, or NONE
  status: string;
  target: number; // the point that the SCE is; -1 where it is none
  record: number[] | null; // the SCE where it is off the grid
  nearest: number;
  distance: number;
  needed: number;
  shortfall: number;
  probability: number;
}

export function factOf(
  study: Study,
  grid: Grid,
  arrays: Arrays,
  condition: string,
  metric: string,
  point: number,
): Fact {
  const whole = (name: string) => arrays[name]?.[point] ?? -1;
  const real = (name: string) => arrays[name]?.[point] ?? NaN;
  const code = arrays.prediction[point];
  const status = arrays[`status/${condition}`]?.[point] ?? NONE;
  const records = arrays[`records/${condition}`];
  const width = grid.shape.length;
  const record = records ? [...records.slice(point * width, (point + 1) * width)] : null;
  return {
    prediction: code === NONE ? null : grid.dataset.options[code],
    option: code === NONE ? -1 : code,
    fate: arrays[`fate/${condition}/${metric}`]?.[point] ?? NONE,
    status: status === NONE ? "not asked" : study.statuses[status],
    target: whole(`target/${condition}`),
    record: record && !Number.isNaN(record[0]) ? record : null,
    nearest: whole(`nearest/${metric}`),
    distance: real(`distance/${condition}/${metric}`),
    needed: real(`needed/${metric}`),
    shortfall: real(`shortfall/${condition}/${metric}`),
    probability: real("probability"),
  };
}

const NOTHING = "Not valid: the SCE is the instance itself.";

const needs = (fact: Fact, metric: string): string =>
  Number.isNaN(fact.needed)
    ? "No counterfactual exists: the model predicts the same everywhere."
    : `The nearest valid point is ${number(fact.needed)} away (${metric}).`;

/** The verdict on an SCE in one sentence. */
export function verdictOf(study: Study, fact: Fact, metric: string): string {
  if (fact.fate === NONE) return "No SCE was asked for here.";
  const { name, meaning } = study.fates[fact.fate];
  if (fact.distance === 0 && name !== "minimal") return `${NOTHING} ${needs(fact, metric)}`.trim();
  const from = `${number(fact.distance)} away (${metric})`;
  if (name === "minimal") return `Valid and minimal: ${from}, and no valid point is nearer.`;
  if (name === "too_far")
    return `Valid, but too far: ${from}, where ${number(fact.needed)} would have been enough.`;
  if (name === "too_near")
    return `Not valid: too near, ${from}; the nearest valid point is at ${number(fact.needed)}.`;
  if (name === "astray") {
    const needed = number(fact.needed);
    const far = number(fact.distance) === needed ? "as far as" : "farther than";
    return `Not valid: ${from}, ${far} the nearest valid point (${needed}), but in the wrong place.`;
  }
  const status =
    name === "unreadable" || name === "unanswered" ? ` (${fact.status.replaceAll("_", " ")})` : "";
  return `${meaning[0].toUpperCase()}${meaning.slice(1)}${status}.`;
}
