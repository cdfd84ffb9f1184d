// Numbers and texts as they are shown.
import type { Cell } from "./data.ts";

const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/** A text with everything in it that could hide or reorder it made visible. */
export function visible(text: string): string {
  const code = (character: string) => character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return text.replace(INVISIBLE, (character) => `⟨U+${code(character)}⟩`);
}

export const named = (name: string): string => name.replaceAll("_", " ");

export const whole = (value: number): string => value.toLocaleString("en-US");

/** Three significant digits, and no more zeros than they say. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return whole(value);
  if (Math.abs(value) < 1e-4) return value.toExponential(1);
  if (Math.abs(value) >= 1000) return whole(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** A share in percent; 0% and 100% only where it is none and all. */
export function percent(part: number, all: number): string {
  if (all === 0) return "–";
  const share = (100 * part) / all;
  const text = share.toFixed(0);
  if ((text === "0" && part > 0) || (text === "100" && part < all)) return share.toFixed(1) + "%";
  return text + "%";
}

export const cell = (value: Cell): string =>
  typeof value === "number" ? number(value) : String(value ?? "–");

export function listed(parts: string[], word: "and" | "or"): string {
  return [parts.slice(0, -1).join(", "), ...parts.slice(-1)].filter(Boolean).join(` ${word} `);
}

/** The question of the study, to a model or several on one dataset or several. */
export function asksWhom(models: number, datasets: string[]): string {
  const [who, each, whose, they] =
    models === 1
      ? ["One model was", "it", "its", "Does it know where its"]
      : [`${whole(models)} models were`, "each", "their", "Do they know where their"];
  const about = listed(datasets, "and");
  // Of several datasets nobody need have been asked about all.
  const asked =
    datasets.length === 1
      ? `asked for a prediction at every point of a grid (${about})`
      : `asked for predictions at every point of the grids of ${whose} datasets (${about})`;
  const found = models === 1 && datasets.length === 1 ? "boundary" : "boundaries";
  return (
    `${who} ${asked}: ${whose} decision ${found}. Then ${each} was asked, in the same ` +
    `conversation, to change the instance so that its own answer would flip. ${they} boundary runs?`
  );
}

export const shorten = (text: string, length: number): string =>
  text.length <= length ? text : text.slice(0, Math.max(1, length - 1)) + "…";
