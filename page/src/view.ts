// What the explorer shows, and how a link keeps it: the fragment of the page's address.

export interface View {
  dataset: string;
  model: string;
  condition: string;
  model2: string; // "" where there is no second map
  condition2: string;
  metric: string;
  x: string; // features
  y: string;
  colour: "prediction" | "probability" | "fate";
  panels: "all" | "one";
  hidden: string[]; // fates
  landings: boolean;
  point: number; // -1: none
}

const SHORT: Record<string, keyof View> = {
  d: "dataset",
  m: "model",
  c: "condition",
  m2: "model2",
  c2: "condition2",
  k: "metric",
  x: "x",
  y: "y",
  by: "colour",
  show: "panels",
  hide: "hidden",
  land: "landings",
  p: "point",
};

/** The fragment of a view: only what differs from ``standard``, and the dataset, model and condition. */
export function toFragment(view: View, standard: View): string {
  const found = new URLSearchParams();
  for (const [short, field] of Object.entries(SHORT)) {
    const value = String(view[field]);
    if (["d", "m", "c"].includes(short) || value !== String(standard[field])) found.set(short, value);
  }
  return found.toString();
}

/** What a fragment says of a view; nothing where it is no fragment of a view. */
export function fromFragment(fragment: string): Partial<View> {
  const text = fragment.replace(/^#/, "");
  if (!text.includes("=")) return {};
  const found: Record<string, unknown> = {};
  for (const [short, value] of new URLSearchParams(text)) {
    const field = SHORT[short];
    if (field === "point") found[field] = /^\d+$/.test(value) ? Number(value) : -1;
    else if (field === "hidden") found[field] = value ? value.split(",") : [];
    else if (field === "landings") found[field] = value === "true";
    else if (field === "colour") {
      if (["prediction", "probability", "fate"].includes(value)) found[field] = value;
    } else if (field === "panels") {
      if (["all", "one"].includes(value)) found[field] = value;
    } else if (field) found[field] = value;
  }
  return found as Partial<View>;
}
