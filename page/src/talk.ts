// A conversation as it was: what was sent, what the model said, with its reasoning. Replies are text, whatever is
// in them.
import type { Pair, Study, Talk, Turn } from "./data.ts";
import { openTalk } from "./data.ts";
import { button, h } from "./dom.ts";
import type { Child } from "./dom.ts";
import type { Grid } from "./grid.ts";
import { named, visible, whole } from "./text.ts";

const LONG = 8000; // characters shown of a text at first

/** A text of a model or to it, as nothing but text; a very long one is opened on demand. */
export function inert(text: string): HTMLElement {
  const said = h("div", { class: "said", dir: "ltr" });
  if (text.length <= LONG) {
    said.textContent = visible(text);
    return said;
  }
  said.textContent = visible(text.slice(0, LONG)) + "…";
  const more = button(`Show all ${whole(text.length)} characters`, () => {
    said.textContent = visible(text);
    more.remove();
  });
  return h("div", {}, said, more);
}

function bubble(who: string, side: "asked" | "answered", ...children: Child[]): HTMLElement {
  return h("div", { class: `turn ${side}` }, h("p", { class: "who" }, who), ...children);
}

function answer(model: string, reply: string | null, reasoning: string | null, problem: string | undefined) {
  const thought = reasoning
    ? h("details", { class: "reasoning", open: true }, h("summary", {}, "reasoning"), inert(reasoning))
    : null;
  const told = problem ? h("p", { class: "problem" }, visible(problem)) : null;
  const nothing = reply === null && !problem ? h("p", { class: "problem" }, "Not asked.") : null;
  return bubble(model, "answered", thought, reply === null ? null : inert(reply), told, nothing);
}

/** The conversation about a point, up to the SCE of one condition, after the model chose ``option``. */
export function conversation(
  study: Study,
  pair: Pair,
  grid: Grid,
  talk: Talk,
  point: number,
  condition: string,
  option: number,
): HTMLElement {
  const settings = study.models.find((model) => model.name === pair.model)?.settings ?? {};
  const wordings = study.wordings[pair.wordings!];
  const [question] = talk.turns;
  const follow = talk.turns.find((turn) => turn.condition === condition);
  const asked = wordings.question.split("{description}").join(grid.describe(point));
  const said = (turn: Turn) =>
    answer(pair.model, turn.reply[point], turn.reasoning?.[point] ?? null, turn.problems[point]);
  const found = h("div", { class: "conversation" });
  if (typeof settings.system === "string" && settings.system)
    found.append(bubble("system", "asked", inert(settings.system)));
  found.append(bubble("question", "asked", inert(asked)), said(question));
  if (follow && (follow.reply[point] !== null || follow.problems[point])) {
    const text = wordings.conditions[condition]?.[option];
    found.append(
      h("p", { class: "between" }, `In the same conversation, the condition ${named(condition)}:`),
    );
    if (text !== undefined) found.append(bubble("follow-up", "asked", inert(text)));
    found.append(said(follow));
  } else {
    found.append(h("p", { class: "between" }, "No SCE was asked for here."));
  }
  found.append(...others(talk, pair, point, condition));
  return found;
}

function others(talk: Talk, pair: Pair, point: number, condition: string): HTMLElement[] {
  return talk.others
    .filter((row) => row[3] === point && (row[2] === null || row[2] === condition))
    .map(([kind, wording, , , reply, reasoning, problem]) =>
      h(
        "div",
        {},
        h("p", { class: "between" }, `Asked besides: ${named(kind)} (wording ${wording})`),
        answer(pair.model, reply, reasoning, problem ?? undefined),
      ),
    );
}

/** The dialog in which conversations open. */
export class TalkDialog {
  readonly element: HTMLDialogElement;
  private readonly title = h("h2", { id: "talk-title" });
  private readonly verdict = h("p", { class: "verdict" });
  private readonly body = h("div", {
    class: "talk-body",
    tabindex: 0,
    role: "region",
    "aria-labelledby": "talk-title",
  });

  constructor(private readonly study: Study) {
    const close = button("Close", () => this.element.close(), { class: "close" });
    const head = h("div", { class: "talk-head" }, this.title, close);
    this.element = h(
      "dialog",
      { class: "talk", "aria-labelledby": "talk-title" },
      head,
      this.verdict,
      this.body,
    );
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
  }

  async open(pair: Pair, grid: Grid, point: number, condition: string, option: number, verdict: string) {
    this.title.textContent = `${pair.model} on ${named(pair.dataset)}, ${named(condition)}`;
    this.verdict.textContent = verdict;
    this.body.replaceChildren(h("p", {}, "Opening…"));
    this.element.showModal();
    this.body.scrollTop = 0;
    const talk = await openTalk(pair);
    this.body.replaceChildren(conversation(this.study, pair, grid, talk, point, condition, option));
  }
}
