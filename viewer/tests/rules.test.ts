import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf, folderPattern, pattern, rulesText, withChanges, withHints } from "../src/rules.ts";

const dull = { roughness: { strength: 1, bias: 0.1, invert: false } };
const none = { changes: {}, hint: {}, overrides: [] };
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
    ...none,
    overrides: [
      { match: "a", changes: { ao: { bias: 0.2 }, roughness: { strength: 3 } }, hint: { metal: "all" } },
      { match: "*", changes: { ao: { bias: 0.4 } }, hint: {} },
    ],
  };
  assert.deepEqual(withChanges(rules, dull, "a").overrides, [
    { match: "*", changes: { ao: { bias: 0.4 } }, hint: {} },
    { match: "a", changes: { ao: { bias: 0.2 }, ...dull }, hint: { metal: "all" } },
  ]);
});

test("what is said for all textures leaves the rules for some as they were", () => {
  const rules = { ...none, changes: { ao: { bias: 0.1 } }, overrides: [{ match: "a", changes: {}, hint: {} }] };
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

test("hints become lines of a rule, words quoted and numbers not", () => {
  const rules = withHints({ ...none, hint: { painted: -1.5 } }, { metal: "all", finish: "rough" }, "clutter/pot", false);
  assert.equal(
    rulesText(rules),
    lines(
      "# Written by unbake view.",
      "painted = -1.5",
      "",
      "[[rules]]",
      'match = "clutter/pot"',
      'metal = "all"',
      'finish = "rough"',
    ),
  );
});

test("a hint for a folder is a rule of its own, and goes behind all others", () => {
  const one = withHints(none, { metal: "all" }, "clutter/pot", false);
  const both = withHints(one, { metal: "none" }, "clutter/pot", true);
  assert.deepEqual(
    both.overrides.map((rule) => [rule.match, rule.hint]),
    [
      ["clutter/pot", { metal: "all" }],
      ["clutter/*", { metal: "none" }],
    ],
  );
});

test("a hint that is taken back is gone, and what else the rule says stays", () => {
  const one = withHints(none, { metal: "all", finish: "rough" }, "pot", false);
  assert.deepEqual(withHints(one, { metal: null }, "pot", false).overrides, [
    { match: "pot", changes: {}, hint: { finish: "rough" } },
  ]);
});

test("the folder of a name at the top is everything", () => {
  assert.deepEqual([folderPattern("pot"), folderPattern("a[1]/b")], ["*", "a[[]1]/*"]);
});
