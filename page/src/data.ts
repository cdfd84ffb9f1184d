// What the page is given, and how it is unpacked. Written by sce/showing/page/contents.py.

export type Cell = string | number | boolean | null;

export interface Table {
  columns: string[];
  rows: Cell[][];
}

export interface Feature {
  name: string;
  kind: "numeric" | "ordinal" | "categorical";
  unit: string | null;
  wording: string;
  codes: number[];
  labels: string[];
}

export interface Dataset {
  title: string;
  subject: string;
  question: string;
  options: [string, string];
  size: number;
  features: Feature[];
  /** Of a dataset whose points are texts: with a {name} in the place of every feature's wording. */
  text?: string;
}

export interface Pair {
  model: string;
  dataset: string;
  question: string;
  conditions: string[];
  metrics: string[];
  too_large?: number;
  map?: string;
  layout?: [string, "u8" | "i32" | "f32", number][];
  probability?: "log-probabilities" | "askings"; // what it is from, where it is known
  talk?: string | null;
  file?: string;
  wordings?: number;
}

export interface Wordings {
  question: string;
  conditions: Record<string, [string, string]>;
}

export interface Finding {
  model: string;
  headline: string;
  sentences: string[];
  counts: number[];
}

export interface Count {
  model: string;
  dataset: string;
  condition: string;
  metric: string;
  counts: number[];
}

export interface Picture {
  title: string;
  caption: string;
  file: string; // beside the page
  blob?: string; // in the page
  width: number;
  height: number;
}

export interface Experiment {
  name: string;
  figures: Picture[];
  pairs: Picture[];
  tables: { title: string; rows: number; blob: string }[];
}

export interface Study {
  version: string;
  written: string;
  models: { name: string; settings: Record<string, unknown> }[];
  datasets: Record<string, Dataset>;
  wordings: Wordings[];
  pairs: Pair[];
  fates: { name: string; meaning: string }[];
  stages: { name: string; lost: string[] }[];
  statuses: string[];
  findings: Finding[];
  counts: Count[];
  tables: Record<string, Table>;
  experiments: Experiment[];
  only?: "talk";
}

export interface Turn {
  condition: string | null;
  reply: (string | null)[];
  reasoning: (string | null)[] | null;
  problems: Record<string, string>;
}

/** kind, wording, condition, point, reply, reasoning, problem */
export type Other = [string, string, string | null, number, string | null, string | null, string | null];

export interface Talk {
  turns: Turn[];
  others: Other[];
}

export type Arrays = Record<string, Uint8Array | Int32Array | Float32Array>;

export const NONE = 255; // in an array of codes

/** The bytes of a text in base 64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

export async function unzip(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** The arrays of a pair by name, cut from one buffer in the order of its layout. */
export function cut(buffer: ArrayBuffer, layout: NonNullable<Pair["layout"]>): Arrays {
  const found: Arrays = {};
  let start = 0;
  for (const [name, type, length] of layout) {
    const end = start + length * (type === "u8" ? 1 : 4);
    const part = buffer.slice(start, end);
    found[name] =
      type === "u8" ? new Uint8Array(part) : type === "i32" ? new Int32Array(part) : new Float32Array(part);
    start = end;
  }
  return found;
}

async function blob(id: string): Promise<ArrayBuffer> {
  return unzip(fromBase64(document.getElementById(id)?.textContent ?? ""));
}

async function json<T>(id: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await blob(id))) as T;
}

const opened = new Map<string, Promise<unknown>>();

function once<T>(id: string, open: () => Promise<T>): Promise<T> {
  if (!opened.has(id)) opened.set(id, open());
  return opened.get(id) as Promise<T>;
}

export const openStudy = (): Promise<Study> => json<Study>("study");

export const openArrays = (pair: Pair): Promise<Arrays> =>
  once(pair.map!, async () => cut(await blob(pair.map!), pair.layout!));

export const openTable = (name: string): Promise<Table> => once(name, () => json<Table>(name));

/** A picture that the page holds, as an address that needs no request. */
export const openPicture = (name: string): Promise<string> =>
  once(name, async () => {
    const reader = new FileReader();
    const content = new Blob([await blob(name)], { type: "image/svg+xml" });
    return new Promise<string>((done, fail) => {
      reader.addEventListener("load", () => done(String(reader.result)));
      reader.addEventListener("error", () => fail(new Error(`${name} cannot be read`)));
      reader.readAsDataURL(content);
    });
  });

export const openTalk = (pair: Pair): Promise<Talk> => once(pair.talk!, () => json<Talk>(pair.talk!));
