// The figures and tables of every experiment, each opened when its experiment is.
import type { Experiment, Picture, Study } from "./data.ts";
import { openPicture, openTable } from "./data.ts";
import { h, select } from "./dom.ts";
import { lead, section, shownInterval } from "./sections.ts";
import { DataTable, records } from "./table.ts";
import type { Column } from "./table.ts";
import { named, whole } from "./text.ts";

export function experiments(study: Study): HTMLElement {
  const found = study.experiments.map((experiment, i) => {
    const details = h("details", { class: "experiment" }, h("summary", {}, summaryOf(experiment)));
    opening(details, () => fill(details, experiment));
    details.open = i === 0;
    return details;
  });
  return section(
    "experiments",
    "The experiments",
    lead(
      "Every figure and table that an experiment ended in. The figures lie beside this page as PNG, SVG and PDF, and " +
        "the tables as Parquet, CSV, Markdown and LaTeX.",
    ),
    ...(found.length ? found : [h("p", {}, "There are none.")]),
  );
}

function summaryOf({ name, figures, pairs, tables }: Experiment): HTMLElement {
  const counts = [
    [figures.length + pairs.length, "figure"],
    [tables.length, "table"],
  ] as const;
  const told = counts.map(([n, what]) => `${whole(n)} ${what}${n === 1 ? "" : "s"}`).join(", ");
  return h("span", {}, h("strong", {}, named(name)), h("span", { class: "fact" }, ` ${told}`));
}

/** Do something the first time that a part is opened. */
function opening(details: HTMLDetailsElement, first: () => void): void {
  let done = false;
  details.addEventListener("toggle", () => {
    if (!details.open || done) return;
    done = true;
    first();
  });
}

function fill(details: HTMLElement, { name, figures, pairs, tables }: Experiment): void {
  details.append(...figures.map((figure) => pictured(name, figure)));
  if (pairs.length) details.append(chosen(name, pairs));
  for (const { title, rows, blob } of tables) {
    const table = h("details", {}, h("summary", {}, `Table: ${title} (${whole(rows)} rows)`));
    opening(table, () => void fillTable(table, `${named(name)}: ${title}`, blob));
    details.append(table);
  }
}

/** Figures of one model on one dataset, of which one is shown. */
function chosen(experiment: string, pictures: Picture[]): HTMLElement {
  const shown = h("div", {}, pictured(experiment, pictures[0]));
  const choices = pictures.map(({ title }, i) => ({ value: String(i), label: title }));
  const label = `${named(experiment)}, model by model`;
  const list = select(label, choices, "0", (value) =>
    shown.replaceChildren(pictured(experiment, pictures[Number(value)])),
  );
  return h("div", { class: "by-pair" }, h("div", { class: "controls" }, list.element), shown);
}

function pictured(experiment: string, picture: Picture): HTMLElement {
  const { title, caption, file, blob, width, height } = picture;
  const told = h("figcaption", {}, h("strong", {}, `${title}. `), caption);
  if (blob === undefined || !document.getElementById(blob)) {
    const where = h("p", {}, "It is too large for this page: ", h("a", { href: file }, file));
    return h("figure", {}, where, told);
  }
  const image = h("img", { alt: `${title}: the caption says what it shows`, width, height });
  void openPicture(blob).then((address) => (image.src = address));
  const label = `${named(experiment)}, figure ${title}`; // no two regions of the page have the same
  const around = { class: "scroll paper", tabindex: 0, role: "region", "aria-label": label };
  return h("figure", {}, h("div", around, image), told);
}

const SHARES = ["validity", "exact_match"];

async function fillTable(details: HTMLElement, caption: string, blob: string): Promise<void> {
  const rows = records(await openTable(blob));
  const keys = ["model", "dataset", "condition", "metric", "score"];
  const columns: Column[] = [
    ...keys.map((key) => ({ key, filter: true })),
    { key: "value" },
    {
      key: "low",
      label: "95% interval",
      show: (row) => shownInterval(row, "value", SHARES.includes(String(row.score)) ? [0, 1] : null),
    },
    { key: "n" },
  ];
  if (rows.some((row) => row.reference !== undefined)) columns.push({ key: "reference", label: "published" });
  details.append(new DataTable(rows, columns, caption).element);
}
