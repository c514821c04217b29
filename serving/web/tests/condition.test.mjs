/** What networks are told of a file's coding, against what Python tells them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";

import { ofStandard, ofTables } from "../build/condition.js";
import { inspectFile } from "../build/inspect.js";
import { treat } from "../build/ordinary.js";
import { read } from "./files.mjs";
import { SITE } from "./server.mjs";

const parsed = (...names) => JSON.parse(readFileSync(path.join(SITE, ...names), "utf8"));
const CASES = parsed("cases", "cases.json");
const { ordinary: RULE } = parsed("models.json");

const inspected = (name) => {
  const { description, tables, frame } = inspectFile(read(name), 1e6);
  return { step: description.step, tables, sampling: frame.sampling, full: frame.sampling === "1x1" };
};
const near = (told, expected) => {
  assert.equal(told.length, 5);
  // models.json and cases.json have six digits.
  expected.forEach((value, at) => assert.ok(Math.abs(told[at] - value) < 2e-6, `${told} at ${at}`));
};

describe("conditions", () => {
  for (const { name, file, conditions } of CASES) {
    test(`of ${name} are Python's`, () => {
      const { step, tables, full } = inspected(file);
      near(ofTables(step, tables, full), conditions);
    });
  }
  test("of one step everywhere are zero at 16, but for full chroma", () => {
    const same = { luma: Array(64).fill(16), chroma: Array(64).fill(16) };
    assert.deepEqual([...ofTables(16, same, false)], [0, 0, 0, 0, 0]);
    assert.deepEqual([...ofTables(16, same, true)], [0, 0, 0, 0, 1]);
    assert.deepEqual([...ofTables(16, { ...same, chroma: null }, true)], [0, 0, 0, 0, 0]);
  });
  test("tell ten low steps of luma from the other 54", () => {
    const low = [0, 1, 2, 3, 8, 9, 10, 16, 17, 24];
    const luma = Array.from({ length: 64 }, (_, at) => (low.includes(at) ? 16 * Math.E : 16));
    near(ofTables(16, { luma, chroma: null }, false), [0, 1, 0, 10 / 64, 0]);
  });
  test("count a step of zero, of a damaged file, as one", () => {
    const [luma, one] = [Array(64).fill(16), Array(64).fill(16)];
    [luma[0], one[0]] = [0, 1];
    const told = ofTables(16, { luma, chroma: luma }, true);
    assert.deepEqual(told, ofTables(16, { luma: one, chroma: one }, true));
  });
  test("of the standard's tables are the same by the rule's numbers as by the tables", () => {
    // Pillow writes the standard's tables.
    for (const [name, quality] of [
      ["ordinary_444_85.jpg", 85],
      ["ordinary_420.jpg", 20],
      ["ordinary_grey.jpg", 30],
    ]) {
      const { step, tables, full } = inspected(name);
      const told = ofStandard(RULE.conditions[quality - 1], tables.chroma === null, full);
      near(told, [...ofTables(step, tables, full)]);
    }
  });
});

describe("an ordinary JPEG", () => {
  test("has the step of the quality that fits, and else its own tables", () => {
    const { step, tables, sampling } = inspected("ordinary_tables.jpg");
    const { conditions } = treat(RULE, tables, sampling, new Float32Array());
    const own = ofTables(step, tables, false);
    assert.deepEqual(conditions.subarray(1), own.subarray(1));
    assert.notEqual(conditions[0], own[0]);
    assert.ok(RULE.conditions.some(([known]) => Math.abs(known - conditions[0]) < 2e-6));
  });
  test("that was compressed before has the standard's tables of then", () => {
    const tables = Uint8Array.from(atob(RULE.tables), (char) => char.charCodeAt(0));
    const standard = (quality) => tables.subarray(64 * (quality - 1), 64 * quality);
    const [coarse, luma] = [standard(20), standard(90)];
    // Low frequencies are whole multiples of the coarse steps.
    const blocks = Float32Array.from({ length: 64 * 600 }, (_, at) => {
      const isLow = ((at & 63) >> 3) + (at & 7) <= 3;
      return isLow ? (((at * 7919 + 13 * (at >> 6)) % 9) - 4) * coarse[at & 63] : 0;
    });
    for (const [chroma, sampling] of [[luma, "1x1"], [luma, "2x2"], [null, "grey"]]) {
      const { conditions } = treat(RULE, { luma, chroma }, sampling, blocks);
      const expected = ofStandard(RULE.conditions[19], chroma === null, sampling === "1x1");
      assert.deepEqual(conditions, expected);
    }
  });
});
