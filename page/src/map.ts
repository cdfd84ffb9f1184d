// Drawing the map of a boundary: its cells, where SCEs land, and on a second canvas the point that is looked at.
import type { Arrays } from "./data.ts";
import { NONE } from "./data.ts";
import { colour } from "./dom.ts";
import { boxIn, boxOf, labelLength, LINE, pointsOf } from "./layout.ts";
import type { Box, Layout } from "./layout.ts";
import { named, shorten } from "./text.ts";

export interface Shown {
  arrays: Arrays;
  condition: string;
  metric: string;
  by: "prediction" | "probability" | "fate";
  hidden: Set<number>; // codes of fates whose points are faint
  landings: boolean;
}

/** The canvas at a size, sharp on any screen, with its unit one CSS pixel. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const scale = Math.min(3, window.devicePixelRatio || 1);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

export function drawMap(context: CanvasRenderingContext2D, layout: Layout, shown: Shown, bare = false): void {
  context.clearRect(0, 0, layout.width, layout.height);
  drawCells(context, layout, shown, bare);
  drawLines(context, layout, shown.arrays.prediction);
  if (shown.landings) drawLandings(context, layout, shown);
  if (!bare) drawLabels(context, layout);
}

const RAMP = 16; // colours from one option to the other
const MOST_LANDINGS = 2500; // circles: more would hide the map

/** The colours that cells may have, and which of them each point has. */
function palette(shown: Shown): { colours: string[]; index: (point: number) => number } {
  const { arrays, by } = shown;
  const missing = colour("--missing");
  if (by === "fate") {
    const colours = [...Array(10).keys()].map((code) => colour(`--fate-${code}`));
    const fates = arrays[`fate/${shown.condition}/${shown.metric}`];
    return { colours: [...colours, missing], index: (p) => (fates[p] === NONE ? colours.length : fates[p]) };
  }
  const options = [colour("--option-0"), colour("--option-1")];
  const probability = arrays.probability;
  if (by === "probability" && probability) {
    const middle = colour("--panel");
    const ramp = [...Array(RAMP).keys()].map((i) => {
      const value = (2 * i) / (RAMP - 1) - 1;
      return `color-mix(in oklab, ${options[value > 0 ? 1 : 0]} ${Math.abs(value) * 100}%, ${middle})`;
    });
    const place = (p: number) => Math.min(RAMP - 1, Math.floor(probability[p] * RAMP));
    return { colours: [...ramp, missing], index: (p) => (Number.isNaN(probability[p]) ? RAMP : place(p)) };
  }
  return {
    colours: [...options, missing],
    index: (p) => (arrays.prediction[p] === NONE ? 2 : arrays.prediction[p]),
  };
}

function drawCells(context: CanvasRenderingContext2D, layout: Layout, shown: Shown, bare: boolean): void {
  const { colours, index } = palette(shown);
  const fates = shown.arrays[`fate/${shown.condition}/${shown.metric}`];
  const gap = layout.cell.w >= 6 && layout.cell.h >= 6 && !bare ? 1 : 0;
  const groups = new Map<string, Box[]>();
  for (const panel of layout.panels) {
    for (const point of pointsOf(layout, panel)) {
      const faint = shown.hidden.size > 0 && shown.hidden.has(fates?.[point] ?? NONE);
      const key = `${faint ? 0.12 : 1} ${colours[index(point)]}`;
      let group = groups.get(key);
      if (!group) groups.set(key, (group = []));
      group.push(boxIn(layout, panel, point));
    }
  }
  for (const [key, boxes] of groups) {
    const space = key.indexOf(" ");
    context.globalAlpha = Number(key.slice(0, space));
    context.fillStyle = key.slice(space + 1);
    const grow = gap ? -gap : 0.3; // without a gap cells overlap a little, so that no seam shows
    for (const box of boxes) context.fillRect(box.left, box.top, box.width + grow, box.height + grow);
  }
  context.globalAlpha = 1;
}

/** The line between points of two predictions. */
function drawLines(context: CanvasRenderingContext2D, layout: Layout, prediction: Arrays[string]): void {
  const { nx, ny } = layout;
  context.strokeStyle = colour("--text");
  context.lineWidth = layout.cell.w < 4 ? 0.8 : 1.4;
  context.beginPath();
  for (const panel of layout.panels) {
    const points = pointsOf(layout, panel);
    points.forEach((point, i) => {
      const box = boxIn(layout, panel, point);
      const differs = (other: number) =>
        prediction[point] !== prediction[other] && prediction[point] !== NONE && prediction[other] !== NONE;
      if (i % nx < nx - 1 && differs(points[i + 1])) {
        context.moveTo(box.left + box.width, box.top);
        context.lineTo(box.left + box.width, box.top + box.height);
      }
      if (i < nx * (ny - 1) && differs(points[i + nx])) {
        context.moveTo(box.left, box.top);
        context.lineTo(box.left + box.width, box.top);
      }
    });
  }
  context.stroke();
}

/** How many of the SCEs that are not filtered out land on each point; those that end where they began do not. */
export function landings(shown: Shown, size: number): Map<number, number> {
  const targets = shown.arrays[`target/${shown.condition}`];
  const fates = shown.arrays[`fate/${shown.condition}/${shown.metric}`];
  const found = new Map<number, number>();
  if (!targets) return found;
  for (let point = 0; point < size; point++) {
    const target = targets[point];
    if (target < 0 || target === point || shown.hidden.has(fates?.[point] ?? NONE)) continue;
    found.set(target, (found.get(target) ?? 0) + 1);
  }
  return found;
}

function drawLandings(context: CanvasRenderingContext2D, layout: Layout, shown: Shown): void {
  const counts = landings(shown, layout.grid.size);
  let most = 0; // Math.max takes no more arguments than the stack holds
  for (const count of counts.values()) most = Math.max(most, count);
  const panels = layout.panels.length;
  const largest = Math.min(Math.max(layout.cell.h * (panels > 1 ? 1 : 1.3), 5), 16);
  context.strokeStyle = colour("--mark");
  context.fillStyle = colour("--mark-fill");
  context.lineWidth = 1;
  for (const [point, count] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_LANDINGS)) {
    const box = boxOf(layout, point);
    if (!box) continue;
    const radius = Math.max(1.2, largest * Math.sqrt(count / most));
    const inside = (at: number, size: number) => Math.min(size - radius - 1, Math.max(radius + 1, at));
    context.beginPath();
    context.arc(inside(box.x, layout.width), inside(box.y, layout.height), radius, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

function drawLabels(context: CanvasRenderingContext2D, layout: Layout): void {
  const { grid, axes, cell, nx, ny, panels, across, margin } = layout;
  const x = grid.dataset.features[axes.x];
  context.fillStyle = colour("--text");
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  panels.forEach((panel, i) => {
    context.fillStyle = colour("--text");
    context.textAlign = "left";
    panel.title.forEach((text, line) => {
      const up = 10 + LINE * (panel.title.length - 1 - line);
      context.fillText(fitText(context, text, nx * cell.w), panel.left, panel.top - up);
    });
    context.fillStyle = colour("--soft");
    if (axes.y >= 0 && i % across === 0) {
      const labels = grid.dataset.features[axes.y].labels;
      const every = Math.ceil(12 / cell.h);
      context.textAlign = "right";
      for (let row = 0; row < ny; row += every) {
        const label = shorten(labels[row], labelLength(layout.width));
        context.fillText(label, panel.left - 6, panel.top + (ny - row - 0.5) * cell.h);
      }
    }
    if (i + across >= panels.length) {
      context.textAlign = "center";
      const widest = x.labels.reduce(
        (most, label) => Math.max(most, context.measureText(shorten(label, 14)).width),
        0,
      );
      const every = Math.max(1, niceStep(Math.ceil((widest + 10) / cell.w)));
      const bottom = panel.top + ny * cell.h;
      for (let column = firstTick(x.codes, every); column < nx; column += every) {
        const label = shorten(x.labels[column], 14);
        const half = context.measureText(label).width / 2;
        const centre = panel.left + (column + 0.5) * cell.w;
        const most = Math.max(panel.left + half, panel.left + nx * cell.w + 2 - half);
        context.fillText(label, Math.min(centre, most), bottom + 10);
      }
    }
  });
  context.fillStyle = colour("--text");
  const axis = (name: string, unit: string | null) => named(name) + (unit ? ` (${unit})` : "");
  context.textAlign = "center";
  const middle = margin.left + (layout.width - margin.left) / 2;
  context.fillText(
    axis(x.name, x.unit),
    Math.min(middle, margin.left + (nx * cell.w * across) / 2),
    layout.height - 8,
  );
  if (axes.y >= 0) {
    const y = grid.dataset.features[axes.y];
    context.save();
    context.translate(9, (layout.height - margin.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(axis(y.name, y.unit), 0, 0);
    context.restore();
  }
}

function fitText(context: CanvasRenderingContext2D, text: string, width: number): string {
  let length = text.length;
  while (length > 2 && context.measureText(shorten(text, length)).width > width) length--;
  return shorten(text, length);
}

const niceStep = (least: number): number =>
  [1, 2, 5, 10, 20, 25, 50, 100].find((step) => step >= least) ?? least;

/** The first level that is a multiple of the step, where there is one. */
function firstTick(codes: number[], every: number): number {
  const found = codes
    .slice(0, every)
    .findIndex((code) => code % (every * ((codes[1] ?? 1) - codes[0] || 1)) === 0);
  return Math.max(0, found);
}

/** The point that is looked at: its cell, an arrow to its SCE, and a diamond at its nearest counterfactual. */
export function drawPoint(
  context: CanvasRenderingContext2D,
  layout: Layout,
  shown: Shown,
  point: number,
): void {
  context.clearRect(0, 0, layout.width, layout.height);
  const start = point < 0 ? null : boxOf(layout, point);
  if (!start) return;
  const at = (name: string) => shown.arrays[name]?.[point] ?? -1;
  const nearest = at(`nearest/${shown.metric}`);
  const target = at(`target/${shown.condition}`);
  const fate = at(`fate/${shown.condition}/${shown.metric}`);
  const strong = colour("--text");
  const halo = colour("--ground");
  const near = nearest < 0 ? null : boxOf(layout, nearest);
  if (near) line(context, start, near, colour("--near"), halo, [2, 4]);
  const end = target < 0 || target === point ? null : boxOf(layout, target);
  if (end) {
    line(context, start, end, strong, halo, fate <= 1 ? [] : [7, 4]);
    arrowHead(context, start, end, strong, halo);
  }
  if (near) diamond(context, near, colour("--near"), halo);
  for (const [width, style] of [
    [5, halo],
    [2.5, strong],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = style;
    const room = Math.max(0, 8 - start.width) / 2;
    context.strokeRect(start.left - room - 1, start.top - 1, start.width + 2 * room + 1, start.height + 1);
  }
}

function line(
  context: CanvasRenderingContext2D,
  from: Box,
  to: Box,
  style: string,
  halo: string,
  dash: number[],
): void {
  for (const [width, stroke, pattern] of [
    [5, halo, []],
    [2, style, dash],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = stroke;
    context.setLineDash([...pattern]);
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
  context.setLineDash([]);
}

function arrowHead(context: CanvasRenderingContext2D, from: Box, to: Box, style: string, halo: string): void {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  context.save();
  context.translate(to.x, to.y);
  context.rotate(angle);
  context.beginPath();
  context.moveTo(3, 0);
  context.lineTo(-10, -6);
  context.lineTo(-10, 6);
  context.closePath();
  context.lineWidth = 3;
  context.strokeStyle = halo;
  context.stroke();
  context.fillStyle = style;
  context.fill();
  context.restore();
}

function diamond(context: CanvasRenderingContext2D, box: Box, style: string, halo: string): void {
  context.beginPath();
  context.moveTo(box.x, box.y - 8);
  context.lineTo(box.x + 8, box.y);
  context.lineTo(box.x, box.y + 8);
  context.lineTo(box.x - 8, box.y);
  context.closePath();
  context.lineWidth = 4;
  context.strokeStyle = halo;
  context.stroke();
  context.lineWidth = 2.5;
  context.strokeStyle = style;
  context.stroke();
}
