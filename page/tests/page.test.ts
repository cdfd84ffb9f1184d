import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { test } from "node:test";
import type { Dataset, Study } from "../src/data.ts";
import { cut, fromBase64, unzip } from "../src/data.ts";
import { Grid } from "../src/grid.ts";
import { axesOf, bestAxes, boxOf, layOut, pointAt, pointsOf } from "../src/layout.ts";
import { stagesOf } from "../src/charts.ts";
import { fateNames } from "../src/fates.ts";
import { filterRows, sortRows } from "../src/table.ts";
import { asksWhom, number, percent, visible } from "../src/text.ts";
import { factOf, verdictOf } from "../src/verdict.ts";
import type { Fact } from "../src/verdict.ts";
import { fromFragment, toFragment } from "../src/view.ts";
import type { View } from "../src/view.ts";

const feature = (name: string, codes: number[]) => ({
  name,
  kind: "numeric" as const,
  unit: null,
  wording: `The ${name} is: {value}.`,
  codes,
  labels: codes.map(String),
});
const dataset: Dataset = {
  title: "Toy",
  subject: "thing",
  question: "Which?",
  options: ["Low", "High"],
  size: 24,
  features: [feature("a", [10, 20, 30]), feature("b", [1, 2]), feature("c", [0, 5, 10, 15])],
};
const grid = new Grid(dataset);

test("points run over the last feature first", () => {
  assert.deepEqual(grid.strides, [8, 4, 1]);
  assert.deepEqual(grid.ranks(13), [1, 1, 1]);
  assert.equal(grid.point([1, 1, 1]), 13);
  assert.deepEqual(grid.labels(13), ["20", "2", "5"]);
  assert.equal(grid.describe(13), "- The a is: 20.\n- The b is: 2.\n- The c is: 5.");
});

test("a point of a text is the text with its slots filled", () => {
  const told = new Grid({ ...dataset, text: "\n{c} {a}\nAnd {b}\n" });
  assert.equal(told.describe(13), "The c is: 5. The a is: 20.\nAnd The b is: 2.");
});

test("a step ends at the edge of the grid", () => {
  assert.equal(grid.step(13, 2, 1), 14);
  assert.equal(grid.step(13, 0, 5), 21);
  assert.equal(grid.step(13, 1, -3), 9);
});

test("every point of the grid has its own cell, which leads back to it", () => {
  for (const width of [300, 700, 1400]) {
    const layout = layOut(grid, axesOf(grid, "c", "a", null), width);
    assert.equal(layout.panels.length, 2);
    for (let point = 0; point < grid.size; point++) {
      const box = boxOf(layout, point)!;
      assert.equal(pointAt(layout, box.x, box.y), point);
      assert.ok(box.left >= 0 && box.left + box.width <= width);
    }
    assert.equal(pointAt(layout, 1, 1), -1);
  }
});

test("one panel shows the others' levels that are held, and no more", () => {
  const layout = layOut(grid, axesOf(grid, "c", "a", grid.ranks(4)), 600);
  assert.deepEqual([...pointsOf(layout, layout.panels[0])], [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23]);
  assert.equal(boxOf(layout, 0), null);
});

test("the axes are the features with the most levels; the same one twice is mended", () => {
  assert.deepEqual(bestAxes(grid), ["c", "a"]);
  assert.deepEqual(axesOf(grid, "a", "a", null).others, [2]);
});

test("a dataset with one feature has one row", () => {
  const line = new Grid({ ...dataset, features: [feature("a", [1, 2, 3])], size: 3 });
  const layout = layOut(line, axesOf(line, "a", "a", null), 400);
  const box = boxOf(layout, 2)!;
  assert.equal(pointAt(layout, box.x, box.y), 2);
});

test("arrays come back from their bytes", async () => {
  const bytes = Buffer.concat([
    Buffer.from(Uint8Array.of(0, 1, 255)),
    Buffer.from(Int32Array.of(7, -1).buffer),
    Buffer.from(Float32Array.of(0.5, NaN).buffer),
  ]);
  const buffer = await unzip(fromBase64(gzipSync(bytes).toString("base64")));
  const found = cut(buffer, [
    ["prediction", "u8", 3],
    ["target", "i32", 2],
    ["distance", "f32", 2],
  ]);
  assert.deepEqual([...found.prediction], [0, 1, 255]);
  assert.deepEqual([...found.target], [7, -1]);
  assert.deepEqual([...found.distance], [0.5, NaN]);
});

const standard: View = {
  dataset: "toy",
  model: "one",
  condition: "minimal",
  model2: "",
  condition2: "",
  metric: "gower",
  x: "a",
  y: "b",
  colour: "prediction",
  panels: "all",
  hidden: [],
  landings: true,
  point: -1,
};

test("a link keeps the view", () => {
  const view: View = {
    ...standard,
    model2: "two & three",
    hidden: ["too_far", "astray"],
    landings: false,
    point: 7,
  };
  const fragment = toFragment(view, standard);
  assert.deepEqual({ ...standard, ...fromFragment(`#${fragment}`) }, view);
  assert.equal(toFragment(standard, standard), "d=toy&m=one&c=minimal");
});

test("what is no view is none", () => {
  assert.deepEqual(fromFragment("#scores"), {});
  assert.deepEqual(fromFragment("#by=sound&show=some&p=x&z=1"), { point: -1 });
});

test("rows are sorted with those without a value last, both ways", () => {
  const rows = [{ v: 2 }, { v: null }, { v: 10 }, { v: -1 }];
  assert.deepEqual(
    sortRows(rows, { key: "v", down: false }).map((row) => row.v),
    [-1, 2, 10, null],
  );
  assert.deepEqual(
    sortRows(rows, { key: "v", down: true }).map((row) => row.v),
    [10, 2, -1, null],
  );
  assert.equal(sortRows(rows, null), rows);
});

test("a filter keeps the rows of one value", () => {
  const rows = [
    { m: "a", n: 1 },
    { m: "b", n: 2 },
  ];
  assert.deepEqual(filterRows(rows, { m: "b", n: "" }), [rows[1]]);
});

test("numbers and shares are not rounded to more or less than they are", () => {
  assert.equal(number(0.123456), "0.123");
  assert.equal(number(10912), "10,912");
  assert.equal(number(null), "–");
  assert.equal(number(0.00001234), "1.2e-5");
  assert.equal(percent(0, 10), "0%");
  assert.equal(percent(1, 1000), "0.1%");
  assert.equal(percent(999, 1000), "99.9%");
  assert.equal(percent(10, 10), "100%");
});

test("what would hide or reorder a text is made visible", () => {
  assert.equal(visible("a\u202Eb\u0000c\n\td\u200B"), "a⟨U+202E⟩b⟨U+0000⟩c\n\td⟨U+200B⟩");
});

const study = {
  fates: ["minimal", "too_far", "too_near", "off_grid"].map((name) => ({
    name,
    meaning: `a meaning of ${name}`,
  })),
  stages: [
    { name: "on the grid", lost: ["off_grid"] },
    { name: "valid", lost: ["too_near"] },
    { name: "minimal", lost: ["too_far"] },
  ],
  statuses: ["kept", "off_grid"],
} as unknown as Study;

test("every stage has the rows that passed it", () => {
  const stages = stagesOf(study, [5, 3, 2, 10]);
  assert.deepEqual(
    stages.map((stage) => stage.left),
    [20, 10, 8, 5],
  );
  assert.deepEqual(stages[1].lost, [["off_grid", 10]]);
});

test("a verdict says what the numbers are", () => {
  const arrays = {
    prediction: Uint8Array.of(0, 1),
    "status/minimal": Uint8Array.of(0, 1),
    "target/minimal": Int32Array.of(1, -1),
    "records/minimal": Float32Array.of(NaN, NaN, NaN, 17.5, 1, 2),
    "nearest/gower": Int32Array.of(1, -1),
    "needed/gower": Float32Array.of(0.25, NaN),
    "fate/minimal/gower": Uint8Array.of(1, 3),
    "distance/minimal/gower": Float32Array.of(0.5, NaN),
    "shortfall/minimal/gower": Float32Array.of(NaN, NaN),
  };
  const first = factOf(study, grid, arrays, "minimal", "gower", 0);
  assert.equal(first.prediction, "Low");
  assert.equal(
    verdictOf(study, first, "gower"),
    "Valid, but too far: 0.5 away (gower), where 0.25 would have been enough.",
  );
  const second = factOf(study, grid, arrays, "minimal", "gower", 1);
  assert.deepEqual(second.record, [17.5, 1, 2]);
  assert.equal(verdictOf(study, second, "gower"), "A meaning of off_grid.");
});

test("an SCE in the wrong place is as far as the nearest valid point, or farther", () => {
  const astray = { fates: [{ name: "astray", meaning: "" }] } as unknown as Study;
  const fact = { fate: 0, distance: 0.25, needed: 0.125 } as Fact;
  const told =
    "Not valid: 0.25 away (gower), farther than the nearest valid point (0.125), but in the wrong place.";
  assert.equal(verdictOf(astray, fact, "gower"), told);
  const equal = told.replace("farther than", "as far as").replace("(0.125)", "(0.25)");
  assert.equal(verdictOf(astray, { ...fact, needed: 0.25 }, "gower"), equal);
});

test("the title of a panel has every level, in as many lines as it takes; names make way", () => {
  const loans = new Grid({
    ...dataset,
    features: [
      feature("x", [1, 2]),
      feature("y", [1, 2]),
      feature("late_payments", [0, 1]),
      {
        ...feature("purpose", [0, 1]),
        labels: ["car", "renovation"],
      },
    ],
    size: 16,
  });
  const titles = (width: number) =>
    layOut(loans, axesOf(loans, "x", "y", null), width).panels.map((panel) => panel.title);
  assert.deepEqual(titles(2000)[1], ["late payments 0,", "purpose renovation"]);
  assert.deepEqual(titles(420)[3], ["late payments 1,", "purpose renovation"]);
  assert.deepEqual(titles(240)[3], ["payments 1,", "renovation"]);
});

test("one model was asked, or several were", () => {
  assert.equal(
    asksWhom(1, ["loans"]),
    "One model was asked for a prediction at every point of a grid (loans): its decision boundary. Then it was " +
      "asked, in the same conversation, to change the instance so that its own answer would flip. Does it know " +
      "where its boundary runs?",
  );
  assert.ok(
    asksWhom(1, ["a", "b"]).includes(
      "every point of the grids of its datasets (a and b): its decision boundaries.",
    ),
  );
  assert.ok(
    asksWhom(2, ["a"]).startsWith("2 models were asked for a prediction at every point of a grid (a): their"),
  );
});

test("requests without an answer are called by what became of them", () => {
  const told = (...rows: [string, string, number][]) =>
    fateNames(
      {
        fates: [{ name: "too_far" }, { name: "unanswered" }],
        tables: { scores: { columns: ["model", "score", "value"], rows } },
      } as unknown as Study,
      "one",
    );
  assert.deepEqual(told(["one", "n_refused", 2], ["one", "n_truncated", 1], ["one", "n_request_failed", 0]), [
    "too far",
    "refused or cut off",
  ]);
  assert.deepEqual(told(["one", "n_truncated", 3], ["two", "n_refused", 2]), ["too far", "cut off"]);
  assert.deepEqual(told(), ["too far", "unanswered"]);
});
