// The parts of the page around the map, each from the tables of the run.
import type { Cell, Study } from "./data.ts";
import { button, h, select } from "./dom.ts";
import { fateBar, flow, interval, scatter, scatterLegend, sumCounts, swatch } from "./charts.ts";
import type { Dot } from "./charts.ts";
import { DataTable, records } from "./table.ts";
import type { Column, Row } from "./table.ts";
import { cell, named, number, visible, whole } from "./text.ts";

export function section(id: string, title: string, ...children: (Node | string | null)[]): HTMLElement {
  const heading = h("h2", { id: `${id}-title` }, title);
  return h("section", { id, "aria-labelledby": heading.id }, heading, ...children);
}

export const lead = (text: string) => h("p", { class: "lead" }, text);

/** Who is who: one card per model, with the sentence that its numbers make. */
export function cards(study: Study, open: (model: string) => void): HTMLElement {
  const metric = study.counts[0]?.metric ?? "";
  const list = h("ul", { class: "cards" });
  for (const finding of study.findings) {
    const settings = study.models.find((model) => model.name === finding.model)?.settings ?? {};
    list.append(
      h(
        "li",
        {},
        h("p", { class: "kind" }, kindOf(settings)),
        h(
          "h3",
          {},
          finding.model,
          h("span", { class: "unseen" }, ": "),
          h("span", { class: "headline" }, finding.headline),
        ),
        h("canvas", { class: "thumb", "aria-hidden": "true", "data-model": finding.model }),
        fateBar(study, finding.model, finding.counts),
        h("p", {}, finding.sentences.join(" ")),
        button("See its boundary", () => open(finding.model), {
          "aria-label": `See the boundary of ${finding.model}`,
        }),
      ),
    );
  }
  const asked = study.findings.reduce((sum, finding) => sum + finding.counts.reduce((a, b) => a + b, 0), 0);
  return section(
    "models",
    "What each model did",
    lead(
      `A self-generated counterfactual explanation (SCE) is good when it is valid (asked afresh, the model gives the ` +
        `other answer there) and minimal (no valid point is nearer to where it began). Here is what became of ` +
        `${whole(asked)} of them, measured by ${metric} distance. In the pictures, colours are predictions, and ` +
        `circles are where SCEs end; an SCE that repeats its instance has no circle.`,
    ),
    list,
    h("details", {}, h("summary", {}, "What the words mean"), fateWords(study)),
  );
}

function kindOf(settings: Record<string, unknown>): string {
  if (settings.engine === "control") return "control respondent: an exact rule";
  const model = typeof settings.model === "string" ? `, ${settings.model}` : "";
  return visible(`language model${model} (engine ${String(settings.engine)})`);
}

function fateWords(study: Study): HTMLElement {
  const found = h("dl", { class: "words" });
  study.fates.forEach((fate, code) =>
    found.append(h("dt", {}, swatch(code), named(fate.name)), h("dd", {}, fate.meaning)),
  );
  return found;
}

export function validity(study: Study): HTMLElement {
  const rows = records(study.tables.scores);
  const metric = String(rows[0]?.metric ?? "");
  const models = study.models.map((model) => model.name);
  const conditions = [...new Set(rows.map((row) => String(row.condition)))];
  const of = (score: string) => rows.filter((row) => row.score === score && row.metric === metric);
  const excess = of("mean_excess");
  const same = (a: Row, b: Row) => ["model", "dataset", "condition"].every((key) => a[key] === b[key]);
  const pictures = Object.keys(study.datasets).map((dataset) => {
    const dots: Dot[] = of("validity")
      .filter((row) => row.dataset === dataset)
      .map((row) => ({
        model: String(row.model),
        condition: String(row.condition),
        validity: row,
        excess: excess.find((other) => same(row, other)),
      }));
    return scatter(dataset, dots, models, conditions, metric);
  });
  return section(
    "validity",
    "Valid and minimal at once?",
    lead(
      "To the right: more SCEs are valid. Upwards: the valid ones lie farther than needed. The best corner is the " +
        `lower right. A line joins the conditions of one model; bars are ${intervalsOver(rows)}.`,
    ),
    scatterLegend(models, conditions),
    h("div", { class: "charts" }, ...pictures),
  );
}

export function losses(study: Study): HTMLElement {
  const metric = study.counts[0]?.metric ?? "";
  const chosen = { dataset: "", condition: "" };
  const holder = h("div", {
    class: "scroll",
    tabindex: 0,
    role: "region",
    "aria-label": "Rows that pass each stage",
  });
  const draw = () =>
    holder.replaceChildren(
      ...study.models.flatMap(({ name }) => {
        const counts = sumCounts(study.counts, name, chosen.dataset, chosen.condition, metric);
        return counts ? [flow(study, name, counts)] : [];
      }),
    );
  const list = (label: "dataset" | "condition", values: string[]) => {
    const choices = [{ value: "", label: "all" }, ...values.map((value) => ({ value, label: named(value) }))];
    return select(label, choices, "", (value) => {
      chosen[label] = value;
      draw();
    }).element;
  };
  draw();
  return section(
    "losses",
    "Where rows are lost",
    lead(
      "Every point of a grid and condition is one row. The band shows how many pass each stage, and why others do not.",
    ),
    h(
      "div",
      { class: "controls" },
      list("dataset", Object.keys(study.datasets)),
      list("condition", [...new Set(study.counts.map((row) => row.condition))]),
    ),
    holder,
  );
}

/** What the bars and intervals of a table are over. */
function intervalsOver(rows: Row[]): string {
  const over = new Set(rows.map((row) => row.estimand).filter((name) => name && name !== "census"));
  return over.size ? `95% intervals over ${[...over].map(String).join(" and ")}` : "no intervals (a census)";
}

/** The interval of a number; why there is none. ``range``: of the line that it is drawn on. */
export function shownInterval(row: Row, key: string, range: [number, number] | null): Node | string {
  if (typeof row.low !== "number" || typeof row.high !== "number") return String(row.reason ?? "–");
  const text = ` ${number(row.low)} to ${number(row.high)}`;
  const zero = range && range[0] < 0 ? 0 : null;
  return h("span", { class: "with-interval" }, range && interval(row, key, ...range, zero), text);
}

const KEYS = ["model", "dataset", "condition", "metric"];

export function scores(study: Study): HTMLElement {
  const all = records(study.tables.scores);
  const key = (row: Row) => KEYS.map((name) => row[name]).join("\n");
  const lost = new Map<string, string[]>();
  for (const row of all) {
    const name = String(row.score);
    if (!name.startsWith("n_") || !row.value) continue;
    const told = `${whole(Number(row.value))} ${named(name.slice(2))}`;
    lost.set(key(row), [...(lost.get(key(row)) ?? []), told]);
  }
  const rows = all
    .filter((row) => !String(row.score).startsWith("n_"))
    .map((row) => ({ ...row, rows: (lost.get(key(row)) ?? []).join(", ") }));
  const shares = ["validity", "exact_match", "validity_with_off_grid"];
  const columns: Column[] = [
    ...KEYS.map((name) => ({ key: name, filter: true })),
    { key: "score", filter: true, chosen: "validity", show: (row) => named(String(row.score)) },
    { key: "value" },
    {
      key: "low",
      label: "95% interval",
      show: (row) => shownInterval(row, "value", shares.includes(String(row.score)) ? [0, 1] : null),
    },
    { key: "n" },
    { key: "effective_n", label: "effective n" },
    { key: "rows", label: "rows by status" },
  ];
  return section(
    "scores",
    "Scores",
    lead(
      `Every score of every model, with ${intervalsOver(all)}, the number of rows (n) that it is over, and how many ` +
        "independent ones they are worth (effective n): many SCEs end at the same point, and neighbours are alike.",
    ),
    new DataTable(rows, columns, "Scores of every model, dataset, condition and metric").element,
  );
}

export function differences(study: Study): HTMLElement {
  const rows = records(study.tables.differences);
  const columns: Column[] = [
    { key: "dataset", filter: true },
    { key: "metric", filter: true },
    { key: "score", filter: true, chosen: "validity", show: (row) => named(String(row.score)) },
    { key: "a", filter: true, show: (row) => named(String(row.a)) },
    { key: "b", filter: true, show: (row) => named(String(row.b)) },
    { key: "difference", label: "a − b" },
    {
      key: "low",
      label: "95% interval",
      show: (row) => shownInterval(row, "difference", row.score === "validity" ? [-1, 1] : null),
    },
    { key: "p_holm", label: "p (Holm)" },
    { key: "n" },
  ];
  return section(
    "differences",
    "Differences",
    lead("Two conditions of a model, or two models in one condition, compared on the same points."),
    rows.length
      ? new DataTable(
          rows,
          columns,
          `Paired differences, with ${intervalsOver(rows)} and p adjusted for their number (Holm)`,
        ).element
      : h("p", {}, "There was nothing to compare."),
  );
}

const milliseconds = (value: Cell): string => (typeof value === "number" ? number(1000 * value) : "–");

export function usage(study: Study): HTMLElement {
  const rows = records(study.tables.usage);
  const sum = (key: string) => rows.reduce((total, row) => total + Number(row[key] ?? 0), 0);
  const cost = sum("cost_usd");
  const told =
    `${whole(sum("questions"))} questions were asked, ${whole(sum("answered"))} of them answered, ` +
    `${whole(sum("refused"))} refused, ${whole(sum("truncated"))} cut off; ${whole(sum("failed"))} failed. ` +
    `Cost: ${cost ? `$${number(cost)}` : "none"}` +
    (rows.some((row) => row.cost_usd === null) ? ", where it is known." : ".");
  const skipped = ["model", "dataset", "kind"];
  const used = study.tables.usage.columns.filter(
    (key) => skipped.includes(key) || rows.some((row) => row[key] !== null && row[key] !== 0),
  );
  const label = (key: string) =>
    named(key)
      .replace("cost usd", "cost ($)")
      .replace(/latency p(\d+) s/, "latency p$1 (ms)");
  const columns: Column[] = used.map((key) => ({
    key,
    label: label(key),
    filter: skipped.includes(key),
    show: key.startsWith("latency") ? (row) => milliseconds(row[key]) : undefined,
  }));
  const failures = records(study.tables.failures);
  const causes = study.tables.failures.columns.map((key) => ({
    key,
    filter: key === "model" || key === "cause",
    show: (row: Row) => visible(cell(row[key])),
  }));
  return section(
    "usage",
    "Usage, cost and failures",
    lead(told),
    new DataTable(rows, columns, "Tokens, cost and latency by model, dataset and kind of question").element,
    h("h3", {}, "Failures by cause"),
    failures.length
      ? new DataTable(failures, causes, "Questions that failed, by cause").element
      : h("p", {}, "No question failed."),
  );
}

/** What was asked of whom. */
export function asked(study: Study): HTMLElement {
  const models = study.models.map(({ name, settings }) => ({
    model: name,
    datasets: study.pairs
      .filter((pair) => pair.model === name)
      .map((pair) => named(pair.dataset))
      .join(", "),
    conditions: [
      ...new Set(
        study.pairs.filter((pair) => pair.model === name).flatMap((pair) => pair.conditions.map(named)),
      ),
    ].join(", "),
    settings: Object.entries(settings)
      .filter(([, value]) => value !== null && value !== "")
      .map(
        ([key, value]) =>
          `${named(key)}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
      )
      .join("; "),
  }));
  const datasets = Object.entries(study.datasets).map(([name, dataset]) => ({
    dataset: named(name),
    question: dataset.question,
    options: dataset.options.join(" / "),
    points: dataset.size,
    features: dataset.features
      .map((feature) => `${named(feature.name)} (${feature.codes.length})`)
      .join(", "),
  }));
  const columns = (rows: Row[]) => Object.keys(rows[0] ?? {}).map((key) => ({ key }));
  const shapes = records(study.tables.boundaries);
  const shown = ["model", "dataset", "verdict", "sentence"].map((key) => ({
    key,
    filter: key !== "sentence",
  }));
  return section(
    "asked",
    "What was asked of whom",
    new DataTable(datasets, columns(datasets), "Datasets, with the number of levels of each feature").element,
    new DataTable(models, columns(models), "Models and their settings").element,
    new DataTable(shapes, shown, "What each boundary is like").element,
    h("details", {}, h("summary", {}, "The wordings"), ...wordingsOf(study)),
  );
}

function wordingsOf(study: Study): HTMLElement[] {
  const told = new Set<string>();
  return study.pairs.flatMap((pair) => {
    if (pair.wordings === undefined) return [];
    const { question, conditions } = study.wordings[pair.wordings];
    const texts: [string, string][] = [[`question (${pair.question})`, question]];
    for (const [name, [text]] of Object.entries(conditions)) texts.push([`condition ${named(name)}`, text]);
    return texts
      .filter(
        ([name, text]) =>
          !told.has(`${pair.dataset} ${name} ${text}`) && told.add(`${pair.dataset} ${name} ${text}`),
      )
      .map(([name, text]) =>
        h(
          "div",
          {},
          h("h3", {}, `${named(pair.dataset)}: ${name}`),
          h("div", { class: "said", dir: "ltr" }, text),
        ),
      );
  });
}
