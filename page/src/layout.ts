// Where the points of a grid lie on the map: two features are the axes, the others make panels side by side, or
// are held at one level each.
import { Grid } from "./grid.ts";
import { named, shorten } from "./text.ts";

export interface Axes {
  x: number;
  y: number;
  others: number[];
  held: number[] | null; // ranks of all features: one panel, with the others held there; null: a panel for each
}

export interface Panel {
  ranks: number[]; // of the other features, in their order
  left: number;
  top: number;
  title: string[]; // lines
}

export interface Layout {
  grid: Grid;
  axes: Axes;
  panels: Panel[];
  nx: number;
  ny: number;
  cell: { w: number; h: number };
  across: number; // panels in a row
  margin: { left: number; bottom: number };
  width: number;
  height: number;
}

export const MOST_PANELS = 64;
const MANY = 90; // levels upwards, from which their rows may be as thin as a pixel
const NARROW = 84; // pixels: the least width of one of several panels, for its title
const LETTER = 6.6; // pixels, the width of a letter of a title on average
const GAP = 12;
export const LINE = 14; // pixels, of a title of several lines
const BOTTOM = 40;

export function axesOf(grid: Grid, x: string, y: string, held: number[] | null): Axes {
  const names = grid.dataset.features.map((feature) => feature.name);
  const one = Math.max(0, names.indexOf(x));
  let two = names.indexOf(y);
  if (two === one) two = -1;
  if (two < 0 && names.length > 1) two = one === 0 ? 1 : 0;
  const others = names.map((_, i) => i).filter((i) => i !== one && i !== two);
  return { x: one, y: two, others, held };
}

export const countPanels = (grid: Grid, others: number[]): number =>
  others.reduce((n, f) => n * grid.shape[f], 1);

/** The two features with the most levels, of which the one with numbers is x: what a map shows best. */
export function bestAxes(grid: Grid): [string, string] {
  const order = grid.shape
    .map((levels, i) => ({ levels, i }))
    .sort((a, b) => b.levels - a.levels || a.i - b.i);
  const name = (i: number) => grid.dataset.features[order[Math.min(i, order.length - 1)].i].name;
  return [name(0), name(1)];
}

export function layOut(grid: Grid, axes: Axes, width: number): Layout {
  const nx = grid.shape[axes.x];
  const ny = axes.y < 0 ? 1 : grid.shape[axes.y];
  const combinations = axes.held ? [axes.others.map((f) => axes.held![f])] : allRanks(grid, axes.others);
  const labels = axes.y < 0 ? [] : grid.dataset.features[axes.y].labels;
  const longest = Math.min(
    labels.reduce((most, label) => Math.max(most, label.length), 0),
    labelLength(width),
  );
  const left = axes.y < 0 ? 12 : 34 + longest * 6.2;
  const room = width - left - 8;
  const narrowest = combinations.length === 1 ? 2 : 4;
  const least = Math.max(nx * narrowest, combinations.length > 1 ? NARROW : 0);
  const fit = Math.max(1, Math.floor((room + GAP) / (least + GAP)));
  const across = bestAcross(
    combinations.length,
    fit,
    last(axes.others.map((f) => grid.shape[f])) ?? 1,
    width,
  );
  const w = clamp((room - (across - 1) * GAP) / across / nx, 1, 64);
  const rows = Math.ceil(combinations.length / across);
  const h = clamp(Math.min(rows === 1 ? 430 / ny : 620 / rows / ny, w * 2.2), ny > MANY ? 1 : 5, 46);
  const titles = combinations.map((ranks) =>
    titleOf(grid, axes.others, ranks, Math.floor((nx * w) / LETTER)),
  );
  const title = 6 + LINE * Math.max(...titles.map((lines) => lines.length));
  const panels = combinations.map((ranks, i) => ({
    ranks,
    left: left + (i % across) * (nx * w + GAP),
    top: Math.floor(i / across) * (ny * h + title + GAP) + title,
    title: titles[i],
  }));
  const height = rows * (ny * h + title + GAP) - GAP + BOTTOM;
  const margin = { left, bottom: BOTTOM };
  return { grid, axes, panels, nx, ny, cell: { w, h }, across, margin, width, height };
}

export const labelLength = (width: number): number => (width < 520 ? 11 : 22);

/** The title of a panel in lines of so many letters, with every level in it: names make way first. */
function titleOf(grid: Grid, features: number[], ranks: number[], letters: number): string[] {
  const lines: string[] = [];
  for (const [k, feature] of features.entries()) {
    const { name, labels } = grid.dataset.features[feature];
    const part = levelOf(named(name), labels[ranks[k]], letters - 1);
    const longer = lines.length ? `${lines[lines.length - 1]}, ${part}` : part;
    if (lines.length && longer.length > letters) {
      lines[lines.length - 1] += ",";
      lines.push(part);
    } else lines.splice(Math.max(0, lines.length - 1), 1, longer);
  }
  return lines;
}

/** A feature's name and level: all of the name where it fits, else its last word, else its beginning, or none. */
function levelOf(name: string, label: string, letters: number): string {
  const word = name.slice(name.lastIndexOf(" ") + 1);
  const room = letters - label.length - 1;
  for (const short of [name, word]) if (short.length <= room) return `${short} ${label}`;
  return room >= 3 ? `${shorten(word, room)} ${label}` : shorten(label, letters);
}

function allRanks(grid: Grid, others: number[]): number[][] {
  return others.reduce<number[][]>(
    (found, f) => found.flatMap((ranks) => grid.dataset.features[f].codes.map((_, rank) => [...ranks, rank])),
    [[]],
  );
}

/** Panels in a row: as many as the last feature has levels where they fit, else a number that leaves few gaps. */
function bestAcross(panels: number, fit: number, levels: number, width: number): number {
  const most = Math.min(panels, fit, width < 520 ? 2 : 6);
  if (levels > 1 && levels <= most) return levels * Math.max(1, Math.floor(most / levels));
  for (let n = most; n > 2; n--) if (levels % n === 0) return n;
  return Math.ceil(panels / Math.ceil(panels / most));
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

const last = <T>(list: T[]): T | undefined => list[list.length - 1];

/** The panel of a point; null where the map holds another level than the point's. */
export function panelOf(layout: Layout, point: number): Panel | null {
  const { grid, axes } = layout;
  const matches = (panel: Panel) => panel.ranks.every((rank, k) => grid.rank(point, axes.others[k]) === rank);
  return layout.panels.find(matches) ?? null;
}

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
  x: number; // centre
  y: number;
}

/** The cell of a point; null where it is not on the map. */
export function boxOf(layout: Layout, point: number): Box | null {
  const panel = panelOf(layout, point);
  return panel && boxIn(layout, panel, point);
}

export function boxIn(layout: Layout, panel: Panel, point: number): Box {
  const { grid, axes, cell, ny } = layout;
  const left = panel.left + grid.rank(point, axes.x) * cell.w;
  const row = axes.y < 0 ? 0 : grid.rank(point, axes.y);
  const top = panel.top + (ny - 1 - row) * cell.h;
  return { left, top, width: cell.w, height: cell.h, x: left + cell.w / 2, y: top + cell.h / 2 };
}

/** The points of a panel, row by row from below. */
export function pointsOf(layout: Layout, panel: Panel): Int32Array {
  const { grid, axes, nx, ny } = layout;
  const base = axes.others.reduce((sum, f, k) => sum + panel.ranks[k] * grid.strides[f], 0);
  const found = new Int32Array(nx * ny);
  for (let row = 0; row < ny; row++)
    for (let column = 0; column < nx; column++)
      found[row * nx + column] =
        base + column * grid.strides[axes.x] + (axes.y < 0 ? 0 : row * grid.strides[axes.y]);
  return found;
}

/** The point under a position; -1 beside the panels. */
export function pointAt(layout: Layout, px: number, py: number): number {
  const { cell, nx, ny, grid, axes } = layout;
  for (const panel of layout.panels) {
    const column = Math.floor((px - panel.left) / cell.w);
    const row = ny - 1 - Math.floor((py - panel.top) / cell.h);
    if (column < 0 || column >= nx || row < 0 || row >= ny) continue;
    const base = axes.others.reduce((sum, f, k) => sum + panel.ranks[k] * grid.strides[f], 0);
    return base + column * grid.strides[axes.x] + (axes.y < 0 ? 0 : row * grid.strides[axes.y]);
  }
  return -1;
}
