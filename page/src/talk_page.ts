// The conversations of one model about one dataset as a page of their own, for studies too large for one file.
import { openArrays, openTalk } from "./data.ts";
import type { Study } from "./data.ts";
import { h, select, unique } from "./dom.ts";
import { Grid } from "./grid.ts";
import { conversation } from "./talk.ts";
import { named } from "./text.ts";

export async function talkPage(study: Study): Promise<HTMLElement> {
  const [pair] = study.pairs;
  const grid = new Grid(study.datasets[pair.dataset]);
  const talk = await openTalk(pair);
  const given = new URLSearchParams(location.hash.slice(1));
  let point = Math.min(grid.size - 1, Math.max(0, Math.trunc(Number(given.get("p"))) || 0));
  let condition = pair.conditions.includes(given.get("c") ?? "") ? given.get("c")! : pair.conditions[0];
  const arrays = pair.map && document.getElementById(pair.map) ? await openArrays(pair) : null;
  const body = h("div");
  const draw = () => {
    history.replaceState(null, "", `#${new URLSearchParams({ p: String(point), c: condition }).toString()}`);
    const option = arrays?.prediction[point] ?? 0;
    body.replaceChildren(conversation(study, pair, grid, talk, point, condition, option));
  };
  const box = h("input", { type: "number", min: 0, max: grid.size - 1, value: point, id: unique("point") });
  box.addEventListener("change", () => {
    point = Math.min(grid.size - 1, Math.max(0, Math.trunc(Number(box.value)) || 0));
    draw();
  });
  const choices = pair.conditions.map((value) => ({ value, label: named(value) }));
  const list = select("condition", choices, condition, (value) => {
    condition = value;
    draw();
  });
  draw();
  document.documentElement.dataset.ready = "yes";
  const field = h("span", { class: "field" }, h("label", { for: box.id }, "point"), box);
  return h(
    "main",
    {},
    h("h1", {}, `${pair.model} on ${named(pair.dataset)}`),
    h("div", { class: "controls" }, field, list.element),
    body,
  );
}
