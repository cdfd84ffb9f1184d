// What the fates of SCEs are called.
import type { Study } from "./data.ts";
import { records } from "./table.ts";
import { listed, named } from "./text.ts";

const UNANSWERED: [string, string][] = [
  ["n_refused", "refused"],
  ["n_truncated", "cut off"],
  ["n_request_failed", "failed"],
];

/** The names of the fates of a model's SCEs; of requests without an answer, what became of them instead. */
export function fateNames(study: Study, model: string): string[] {
  const rows = records(study.tables.scores).filter((row) => row.model === model && row.value);
  const found = UNANSWERED.filter(([score]) => rows.some((row) => row.score === score));
  const unanswered = listed(
    found.map(([, name]) => name),
    "or",
  );
  return study.fates.map(({ name }) => (name === "unanswered" && unanswered) || named(name));
}
