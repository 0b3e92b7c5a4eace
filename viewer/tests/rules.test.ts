import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf, pattern, rulesText, withChanges } from "../src/rules.ts";

const dull = { roughness: { strength: 1, bias: 0.1, invert: false } };
const none = { changes: {}, overrides: [] };
const lines = (...all: string[]) => `${all.join("\n")}\n`;

test("no rules become one", () => {
  assert.equal(
    rulesText(withChanges(none, dull, "clutter/pot")),
    lines(
      "# Written by unbake view.",
      "",
      "[[rules]]",
      'match = "clutter/pot"',
      "roughness = { strength = 1, bias = 0.1, invert = false }",
    ),
  );
});

test("a normal has no bias", () => {
  const flat = { normal: { strength: 0.5, bias: 0, invert: false } };
  assert.deepEqual(changesOf(flat), { normal: { strength: 0.5, invert: false } });
});

test("values are rounded as a person writes them", () => {
  assert.deepEqual(changesOf({ ao: { strength: 0.1 + 0.2, bias: 0, invert: false } }).ao!.strength, 0.3);
});

test("the rule of a texture goes behind those that would override it, with what it said of other maps", () => {
  const rules = {
    changes: {},
    overrides: [
      { match: "a", changes: { ao: { bias: 0.2 }, roughness: { strength: 3 } } },
      { match: "*", changes: { ao: { bias: 0.4 } } },
    ],
  };
  assert.deepEqual(withChanges(rules, dull, "a").overrides, [
    { match: "*", changes: { ao: { bias: 0.4 } } },
    { match: "a", changes: { ao: { bias: 0.2 }, ...dull } },
  ]);
});

test("what is said for all textures leaves the rules for some as they were", () => {
  const rules = { changes: { ao: { bias: 0.1 } }, overrides: [{ match: "a", changes: {} }] };
  assert.equal(
    rulesText(withChanges(rules, dull, null)),
    lines(
      "# Written by unbake view.",
      "ao = { bias = 0.1 }",
      "roughness = { strength = 1, bias = 0.1, invert = false }",
      "",
      "[[rules]]",
      'match = "a"',
    ),
  );
});

test("a name with signs of a pattern matches itself alone", () => {
  assert.equal(pattern("a[1]/b"), "a[[]1]/b");
});
