// The page: opens what it was given, and puts its parts in order.
import { openArrays, openStudy } from "./data.ts";
import type { Study } from "./data.ts";
import { h, onWidth } from "./dom.ts";
import { experiments } from "./experiments.ts";
import { Explorer } from "./explorer.ts";
import { Grid } from "./grid.ts";
import { axesOf, bestAxes, layOut } from "./layout.ts";
import { drawMap, prepare } from "./map.ts";
import { asked, cards, differences, losses, scores, usage, validity } from "./sections.ts";
import { talkPage } from "./talk_page.ts";
import { asksWhom, named, whole } from "./text.ts";

const TITLE = "Does a language model know its own decision boundary?";
const PARTS = [
  ["models", "Models"],
  ["explorer", "Boundary"],
  ["validity", "Validity"],
  ["losses", "Losses"],
  ["scores", "Scores"],
  ["differences", "Differences"],
  ["experiments", "Experiments"],
  ["usage", "Usage"],
  ["asked", "Asked"],
];

function heading(study: Study): HTMLElement {
  const asked = study.tables.usage.rows.reduce((sum, row) => {
    return sum + Number(row[study.tables.usage.columns.indexOf("questions")] ?? 0);
  }, 0);
  return h(
    "header",
    {},
    h("h1", {}, TITLE),
    h("p", { class: "lead" }, asksWhom(study.models.length, Object.keys(study.datasets).map(named))),
    h(
      "p",
      { class: "fact" },
      `${whole(asked)} questions; answers of ${study.written}; made with sce ${study.version}.`,
    ),
    h(
      "nav",
      { "aria-label": "Parts of the page" },
      ...PARTS.map(([id, label]) => h("a", { href: `#${id}` }, label)),
    ),
  );
}

/** The small maps of the cards: each model's first dataset, and where its SCEs end. */
async function fillThumbs(study: Study): Promise<void> {
  for (const canvas of document.querySelectorAll<HTMLCanvasElement>("canvas.thumb")) {
    const pair = study.pairs.find((each) => each.model === canvas.dataset.model && each.map);
    if (!pair) {
      canvas.remove();
      continue;
    }
    const grid = new Grid(study.datasets[pair.dataset]);
    const [x, y] = bestAxes(grid);
    const free = axesOf(grid, x, y, null);
    const middle = grid.shape.map((levels) => Math.floor(levels / 2));
    const width = canvas.parentElement!.clientWidth - 32;
    const full = layOut(grid, free.others.length ? { ...free, held: middle } : free, width);
    const cell = { w: width / full.nx, h: 96 / full.ny };
    const layout = {
      ...full,
      cell,
      width,
      height: 96,
      panels: full.panels.map((p) => ({ ...p, left: 0, top: 0 })),
    };
    const arrays = await openArrays(pair);
    const [condition] = pair.conditions;
    const shown = {
      arrays,
      condition,
      metric: pair.metrics[0],
      by: "prediction",
      hidden: new Set<number>(),
    } as const;
    drawMap(prepare(canvas, width, 96), layout, { ...shown, landings: true }, true);
  }
}

async function start(): Promise<void> {
  const page = document.getElementById("page")!;
  const study = await openStudy();
  if (study.only) {
    page.replaceChildren(await talkPage(study));
    return;
  }
  const explorer = new Explorer(study);
  const open = (model: string) => {
    const pair = study.pairs.find((each) => each.model === model && each.map) ?? study.pairs[0];
    void explorer.open(model, pair.dataset);
  };
  const main = h("main", {});
  page.replaceChildren(heading(study), main, footer());
  main.append(cards(study, open), explorer.element);
  await explorer.draw();
  if (location.hash.includes("=")) explorer.element.scrollIntoView();
  await fillThumbs(study);
  onWidth(main, () => void fillThumbs(study));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => void fillThumbs(study));
  for (const part of [validity, losses, scores, differences, experiments, usage, asked]) {
    await new Promise((done) => setTimeout(done)); // what is there already answers meanwhile
    main.append(part(study));
  }
  if (location.hash && !location.hash.includes("="))
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
  document.documentElement.dataset.ready = "yes";
}

function footer(): HTMLElement {
  return h(
    "footer",
    {},
    h(
      "p",
      {},
      "This page is one file and asks nothing of any network. It holds no code but its own, under the MIT licence. " +
        "Its numbers are those of the Parquet files beside it. The question is that of Mayne et al., “LLMs Don't Know " +
        "Their Own Decision Boundaries”, EMNLP 2025.",
    ),
  );
}

void start();
