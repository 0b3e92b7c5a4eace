import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../src/contract.ts";
import { byReason, select, type Wanted } from "../src/filter.ts";

const entry = (name: string, confidence: number, more: Partial<Entry> = {}): Entry => ({
  key: name,
  name,
  data: "",
  thumbs: {},
  confidence,
  doubtful: confidence < 0.6,
  headline: "",
  reasons: [],
  warnings: [],
  notes: [],
  adjust: {},
  hint: {},
  figures: {},
  ...more,
});
const sets = [
  entry("wall10", 0.9, { reasons: ["Metal: 2 % — name 'wall' is mostly stone."] }),
  entry("wall2", 0.2, { warnings: ["A seam shows."] }),
  entry("pot", 0.5, { reasons: ["Metal: 60 % — you said so."] }),
];
const found = (wanted: Partial<Wanted>) =>
  select(sets, { text: "", shown: "all", order: "given", ...wanted }).map((one) => one.name);

test("they come in the order of the index, and the surest first where asked", () => {
  assert.deepEqual(found({}), ["wall10", "wall2", "pot"]);
  assert.deepEqual(found({ order: "confidence" }), ["wall10", "pot", "wall2"]);
});

test("names are ordered with their numbers as numbers", () => {
  assert.deepEqual(found({ order: "name" }), ["pot", "wall2", "wall10"]);
});

test("every word must be found, in name, reason or warning", () => {
  assert.deepEqual(found({ text: "WALL seam" }), ["wall2"]);
  assert.deepEqual(found({ text: "stone" }), ["wall10"]);
});

test("only sets to look at, only those with warnings", () => {
  assert.deepEqual(found({ shown: "doubtful" }), ["wall2", "pot"]);
  assert.deepEqual(found({ shown: "warnings" }), ["wall2"]);
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
