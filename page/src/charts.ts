// The pictures beside the map, as SVG: bars of fates, validity against excess, the loss of rows, intervals.
import type { Cell, Count, Study } from "./data.ts";
import { h, s } from "./dom.ts";
import { fateNames } from "./fates.ts";
import type { Row } from "./table.ts";
import { named, number, percent, whole } from "./text.ts";

/** What became of all SCEs of a model, as one bar. */
export function fateBar(study: Study, model: string, counts: number[]): HTMLElement {
  const names = fateNames(study, model);
  const all = counts.reduce((a, b) => a + b, 0);
  const parts = counts.map((n, code) => ({ n, code })).filter((part) => part.n > 0);
  const told = parts.map((p) => `${percent(p.n, all)} ${names[p.code]}`).join(", ");
  const svg = s("svg", {
    class: "fate-bar",
    viewBox: "0 0 1000 22",
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": `What became of the SCEs of ${model}: ${told}`,
  });
  let left = 0;
  for (const { n, code } of parts) {
    const width = (1000 * n) / all;
    const box = { x: left, y: 0, width, height: 22, class: `fate-${code}` };
    svg.append(s("rect", box, s("title", {}, `${whole(n)} ${study.fates[code].meaning}`)));
    left += width;
  }
  return h(
    "div",
    {},
    svg,
    h("p", { class: "fate-told", "aria-hidden": "true" }, ...fateKeys(names, parts, all)),
  );
}

function fateKeys(names: string[], parts: { n: number; code: number }[], all: number): HTMLElement[] {
  return parts.map(({ n, code }) =>
    h("span", { class: "key" }, swatch(code), `${percent(n, all)} ${names[code]}`),
  );
}

export const swatch = (code: number): SVGSVGElement =>
  s(
    "svg",
    { class: "swatch", viewBox: "0 0 12 12", "aria-hidden": "true" },
    s("rect", {
      width: 12,
      height: 12,
      class: `fate-${code}`,
    }),
  );

const MARKS: ((x: number, y: number) => string)[] = [
  (x, y) => `M${x - 6},${y}a6,6 0 1,0 12,0a6,6 0 1,0 -12,0z`,
  (x, y) => `M${x},${y - 7}l7,12h-14z`,
  (x, y) => `M${x - 5.5},${y - 5.5}h11v11h-11z`,
  (x, y) => `M${x},${y - 8}l7,8l-7,8l-7,-8z`,
  (x, y) => `M${x},${y + 7}l7,-12h-14z`,
];
const markAt = (i: number, x: number, y: number): string => MARKS[i % MARKS.length](x, y);

const MOST_LABELS = 8; // models: with more of them, their names would cover each other

export interface Dot {
  model: string;
  condition: string;
  validity: Row;
  excess: Row | undefined;
}

/** Validity against mean excess on one dataset; a line joins the conditions of a model. */
export function scatter(title: string, dots: Dot[], models: string[], conditions: string[], metric: string) {
  const [width, height, left, top, bottom, right] = [430, 330, 64, 62, 46, 14];
  const drawn = dots.filter((dot) => reasonOf(dot) === null);
  const highs = drawn.map((dot) => Number(dot.excess?.high ?? dot.excess?.value ?? 0));
  const most = niceTop(Math.max(0.1, ...highs));
  const x = (value: number) => left + value * (width - left - right);
  const y = (value: number) => top + (1 - value / most) * (height - top - bottom);
  const svg = s("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img" });
  const told = drawn.map(
    (dot) =>
      `${dot.model} ${named(dot.condition)}: validity ${number(dot.validity.value as number)}, ` +
      `excess ${number(dot.excess?.value as number | null)}`,
  );
  svg.setAttribute("aria-label", `Validity against mean excess on ${title}. ${told.join("; ")}`);
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    svg.append(s("line", { class: "rule", x1: x(share), x2: x(share), y1: top, y2: height - bottom }));
    svg.append(s("text", { class: "tick", x: x(share), y: height - bottom + 16 }, `${100 * share}`));
    const value = most * share;
    svg.append(s("line", { class: "rule", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    svg.append(s("text", { class: "tick end", x: left - 6, y: y(value) + 4 }, number(value)));
  }
  svg.append(s("text", { class: "axis", x: (left + width - right) / 2, y: height - 8 }, "validity (%)"));
  const turned = { class: "axis", transform: `translate(12 ${(top + height - bottom) / 2}) rotate(-90)` };
  svg.append(s("text", turned, `mean excess (${metric})`));
  svg.append(s("rect", { class: "strip", x: left, y: 22, width: width - left - right, height: 26 }));
  svg.append(s("text", { class: "tick end", x: width - right - 4, y: 39 }, "no valid SCE"));
  svg.append(s("text", { class: "title", x: left, y: 14 }, named(title)));
  let without = 0;
  const labels: { x: number; y: number }[] = [];
  for (const model of models) {
    const colour = `model-${models.indexOf(model) % 8}`;
    const places = drawn
      .filter((dot) => dot.model === model)
      .map((dot) => {
        const value = dot.excess?.value as number | null | undefined;
        if (value === null || value === undefined)
          return { dot, px: left + 12 + 18 * without++, py: 35, low: true };
        return { dot, px: x(dot.validity.value as number), py: y(value), low: false };
      });
    const joined = places.filter((place) => !place.low);
    if (joined.length > 1)
      svg.append(
        s("polyline", { class: `pair ${colour}`, points: joined.map((p) => `${p.px},${p.py}`).join(" ") }),
      );
    const [first] = joined;
    if (first && models.length <= MOST_LABELS) {
      const right = first.px > width / 2;
      const at = { x: first.px + (right ? -11 : 11), y: first.py + (right ? -8 : 19) };
      while (labels.some((other) => Math.abs(other.x - at.x) < 90 && Math.abs(other.y - at.y) < 14))
        at.y -= 14;
      labels.push(at);
      svg.append(s("text", { class: right ? "label end" : "label", ...at }, model));
    }
    for (const { dot, px, py, low } of places) {
      if (!low) svg.append(...whiskers(dot, x, y, px, py, colour));
      const path = s("path", {
        class: `dot ${colour}`,
        d: markAt(conditions.indexOf(dot.condition), px, py),
      });
      const [valid, excess] = [dot.validity.value as number, dot.excess?.value as number | null];
      path.append(
        s(
          "title",
          {},
          `${model}, ${named(dot.condition)}: validity ${number(valid)}, excess ${number(excess)}`,
        ),
      );
      svg.append(path);
    }
  }
  return h("figure", {}, svg, missing(dots, drawn));
}

/** Why a dot has no place in the picture; null where it has one. */
function reasonOf(dot: Dot): string | null {
  if (dot.validity.value === null) return String(dot.validity.reason);
  const reason = String(dot.excess?.reason ?? "");
  // Of a grid asked in part what is certain is an interval, which is not one of sampling.
  const open = dot.excess?.value === null && typeof dot.excess.certain_low === "number";
  return open || reason.startsWith("no boundary") ? reason : null;
}

function whiskers(
  dot: Dot,
  x: (v: number) => number,
  y: (v: number) => number,
  px: number,
  py: number,
  colour: string,
) {
  const found = [];
  const { low, high } = dot.validity;
  if (low !== null && high !== null)
    found.push(
      s("line", { class: `whisker ${colour}`, x1: x(Number(low)), x2: x(Number(high)), y1: py, y2: py }),
    );
  const of = dot.excess;
  if (of && of.low !== null && of.high !== null)
    found.push(
      s("line", {
        class: `whisker ${colour}`,
        x1: px,
        x2: px,
        y1: y(Number(of.low)),
        y2: y(Number(of.high)),
      }),
    );
  return found;
}

function missing(dots: Dot[], drawn: Dot[]): HTMLElement | null {
  const left = dots.filter((dot) => !drawn.includes(dot));
  if (!left.length) return null;
  const told = [...new Set(left.map((dot) => `${dot.model} (${reasonOf(dot)})`))];
  return h("figcaption", {}, `Not drawn: ${told.join(", ")}.`);
}

const niceTop = (value: number): number => {
  const unit = 10 ** Math.floor(Math.log10(value));
  return unit * ([1, 2, 4, 6, 8, 10].find((n) => n * unit >= value) ?? 10);
};

export function scatterLegend(models: string[], conditions: string[]): HTMLElement {
  const found = h("p", { class: "legend" });
  models.forEach((model, i) => {
    const dot = s("path", { class: `dot model-${i % 8}`, d: markAt(0, 8, 8) });
    found.append(
      h(
        "span",
        { class: "key" },
        s("svg", { class: "swatch", viewBox: "0 0 16 16", "aria-hidden": "true" }, dot),
        model,
      ),
    );
  });
  conditions.forEach((condition, i) => {
    const dot = s("path", { class: "dot plain", d: markAt(i, 8, 8) });
    const mark = s("svg", { class: "swatch", viewBox: "0 0 16 16", "aria-hidden": "true" }, dot);
    found.append(h("span", { class: "key" }, mark, named(condition)));
  });
  return found;
}

/** How many rows are left after each stage, beginning with all points. */
export function stagesOf(
  study: Study,
  counts: number[],
): { name: string; left: number; lost: [string, number][] }[] {
  const code = (fate: string) => study.fates.findIndex((each) => each.name === fate);
  let left = counts.reduce((a, b) => a + b, 0);
  const found: { name: string; left: number; lost: [string, number][] }[] = [
    { name: "points", left, lost: [] },
  ];
  for (const stage of study.stages) {
    const lost = stage.lost
      .map((fate): [string, number] => [fate, counts[code(fate)]])
      .filter(([, n]) => n > 0);
    left -= lost.reduce((sum, [, n]) => sum + n, 0);
    found.push({ name: stage.name, left, lost });
  }
  return found;
}

/** A band that narrows where rows are lost. */
export function flow(study: Study, model: string, counts: number[]): HTMLElement {
  const stages = stagesOf(study, counts);
  const names = fateNames(study, model);
  const all = stages[0].left;
  const [width, height, tall, left, top] = [1000, 104, 34, 110, 34];
  const step = (width - left) / stages.length;
  const svg = s("svg", { class: "chart flow", viewBox: `0 0 ${width} ${height}`, role: "img" });
  const told = stages.map((stage) => `${stage.name} ${whole(stage.left)}`).join(", ");
  svg.setAttribute("aria-label", `${model}: ${told}`);
  svg.append(s("text", { class: "title", x: 0, y: top + tall / 2 + 5 }, model));
  const size = (n: number) => (n === 0 || all === 0 ? 0 : Math.max(1.5, (tall * n) / all));
  const bottom = top + tall;
  let shift = 0;
  stages.forEach((stage, i) => {
    const x = left + i * step;
    const [now, before] = [size(stage.left), size(i ? stages[i - 1].left : stage.left)];
    const [back, next] = [x - step * 0.3, x + step * 0.7];
    if (i && before > 0)
      svg.append(
        s("path", {
          class: "band",
          d: `M${back},${bottom}V${bottom - before}L${x},${bottom - now}V${bottom}z`,
        }),
      );
    if (now > 0) svg.append(s("rect", { class: "band", x, y: bottom - now, width: next - x, height: now }));
    svg.append(s("text", { class: "tick start", x, y: 12 }, stage.name));
    svg.append(s("text", { class: "value", x, y: 27 }, whole(stage.left)));
    shift = stage.lost.length ? (shift + 1) % 2 : 0; // neighbours do not write over each other
    stage.lost.forEach(([fate, n], k) => {
      const text = `−${whole(n)} ${names[study.fates.findIndex((each) => each.name === fate)]}`;
      svg.append(s("text", { class: "lost", x: back, y: bottom + 14 + 12 * (k + 1 - shift) }, text));
    });
  });
  return h("figure", {}, svg);
}

/** A number and its interval on a line from ``from`` to ``to``, with a mark at ``zero``. */
export function interval(
  row: Row,
  key: string,
  from: number,
  to: number,
  zero: number | null,
): SVGSVGElement {
  const at = (value: Cell) => (100 * (Number(value) - from)) / (to - from);
  const svg = s("svg", { class: "interval", viewBox: "-4 0 108 16", "aria-hidden": "true" });
  svg.append(s("line", { class: "rule", x1: 0, x2: 100, y1: 8, y2: 8 }));
  if (zero !== null) svg.append(s("line", { class: "zero", x1: at(zero), x2: at(zero), y1: 1, y2: 15 }));
  svg.append(s("line", { class: "span", x1: at(row.low), x2: at(row.high), y1: 8, y2: 8 }));
  svg.append(s("circle", { class: "dot plain", cx: at(row[key]), cy: 8, r: 3.5 }));
  return svg;
}

export function sumCounts(
  counts: Count[],
  model: string,
  dataset: string,
  condition: string,
  metric: string,
) {
  const rows = counts.filter(
    (row) =>
      row.model === model &&
      row.metric === metric &&
      (!dataset || row.dataset === dataset) &&
      (!condition || row.condition === condition),
  );
  return rows.length ? rows[0].counts.map((_, i) => rows.reduce((sum, row) => sum + row.counts[i], 0)) : null;
}
