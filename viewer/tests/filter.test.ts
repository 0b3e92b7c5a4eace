import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../src/contract.ts";
import { byReason, countClasses, select, type Wanted } from "../src/filter.ts";

const entry = (name: string, confidence: number, more: Partial<Entry> = {}): Entry => ({
  key: name,
  name,
  data: "",
  thumbs: {},
  classes: {},
  confidence,
  doubtful: confidence < 0.6,
  warnings: [],
  notes: [],
  adjust: {},
  figures: {},
  ...more,
});
const sets = [
  entry("wall10", 0.9, { classes: { stone: 0.8 } }),
  entry("wall2", 0.2, { warnings: ["A seam shows."] }),
  entry("pot", 0.5, { classes: { metal: 0.6, stone: 0.3 } }),
];
const found = (wanted: Partial<Wanted>) =>
  select(sets, { text: "", label: "", shown: "all", order: "worst", ...wanted }).map((one) => one.name);

test("the least sure comes first, and the surest where asked", () => {
  assert.deepEqual(found({}), ["wall2", "pot", "wall10"]);
  assert.deepEqual(found({ order: "confidence" }), ["wall10", "pot", "wall2"]);
});

test("names are ordered with their numbers as numbers", () => {
  assert.deepEqual(found({ order: "name" }), ["pot", "wall2", "wall10"]);
});

test("every word must be found, in name, class or warning", () => {
  assert.deepEqual(found({ text: "WALL seam" }), ["wall2"]);
  assert.deepEqual(found({ text: "stone" }), ["pot", "wall10"]);
});

test("only sets to look at, only those with warnings, only one class", () => {
  assert.deepEqual(found({ shown: "doubtful" }), ["wall2", "pot"]);
  assert.deepEqual(found({ shown: "warnings" }), ["wall2"]);
  assert.deepEqual(found({ label: "metal" }), ["pot"]);
});

test("classes are counted by the likeliest", () => {
  assert.deepEqual(countClasses(sets), [
    ["metal", 1],
    ["stone", 1],
  ]);
});

test("names that made no set are grouped by reason, the most frequent first", () => {
  const left = [
    { name: "a", reason: "odd" },
    { name: "b", reason: "a face" },
    { name: "c", reason: "a face" },
  ];
  assert.deepEqual(byReason(left, ""), [
    ["a face", ["b", "c"]],
    ["odd", ["a"]],
  ]);
  assert.deepEqual(byReason(left, "b"), [["a face", ["b"]]]);
});
