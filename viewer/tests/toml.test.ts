import assert from "node:assert/strict";
import { test } from "node:test";
import { pattern, savedForAll, savedForOne } from "../src/toml.ts";

const dull = { roughness: { strength: 1, bias: 0.1, invert: false } };
const flat = { normal: { strength: 0.5, bias: 0, invert: false } };
const lines = (...all: string[]) => `${all.join("\n")}\n`;

test("an empty file becomes one rule", () => {
  assert.equal(
    savedForOne("", "clutter/pot", dull),
    lines("[[rules]]", 'match = "clutter/pot"', "roughness = { strength = 1, bias = 0.1, invert = false }"),
  );
});

test("a normal has no bias", () => {
  assert.equal(savedForAll("", flat), lines("normal = { strength = 0.5, invert = false }"));
});

test("saving the same texture again replaces what was said of the map, and nothing else", () => {
  const text = lines("[[rules]]", 'match = "a"', "ao.bias = 0.2 # lighter", "roughness.strength = 3");
  assert.equal(
    savedForOne(text, "a", dull),
    lines(
      "[[rules]]",
      'match = "a"',
      "ao.bias = 0.2 # lighter",
      "roughness = { strength = 1, bias = 0.1, invert = false }",
    ),
  );
});

test("the rule of one texture goes below those that would override it, with its tables", () => {
  const text = lines(
    "[[rules]]",
    'match = "a"',
    "[rules.ao]",
    "bias = 0.2",
    "[[rules]]",
    'match = "*"',
    "ao.bias = 0.4",
  );
  assert.equal(
    savedForOne(text, "a", dull),
    lines(
      "[[rules]]",
      'match = "*"',
      "ao.bias = 0.4",
      "",
      "[[rules]]",
      'match = "a"',
      "roughness = { strength = 1, bias = 0.1, invert = false }",
      "",
      "[rules.ao]",
      "bias = 0.2",
    ),
  );
});

test("what is said for all textures replaces a table of the map, wherever it stands, and keeps comments", () => {
  const text = lines(
    "# mine",
    "ao.bias = 0.1",
    "",
    "[[rules]]",
    'match = "a"',
    "",
    "[roughness] # all",
    "# why",
    "bias = 0.3",
  );
  assert.equal(
    savedForAll(text, dull),
    lines(
      "# mine",
      "ao.bias = 0.1",
      "roughness = { strength = 1, bias = 0.1, invert = false }",
      "",
      "[[rules]]",
      'match = "a"',
      "",
      "# why",
    ),
  );
});

test("a name with signs of a pattern matches itself alone", () => {
  assert.equal(pattern("a[1]/b"), "a[[]1]/b");
});

test("rules in one list are refused with a sentence", () => {
  assert.throws(() => savedForOne('rules = [{ match = "a" }]', "b", dull), /\[\[rules\]\] blocks/);
});
