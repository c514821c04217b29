/** The files in headers say what README.md asks of any server. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";

import { POLICY } from "./server.mjs";

const read = (name) => readFileSync(new URL(`../headers/${name}`, import.meta.url), "utf8");
const names = readdirSync(new URL("../headers", import.meta.url));
/** How each of them names what it is to keep, and for how long. */
const KEPT = {
  Caddyfile: [/@(\w+) path \/comrec\/\1\/\*/g, /header @(\w+) Cache-Control "public, (.+)"/g],
  _headers: [/^\/comrec\/(\w+)\/\*$/gm, /^\/comrec\/(\w+)\/\*\n  Cache-Control: public, (.+)$/gm],
  "nginx-http.conf": [/~\^\/comrec\/(\w+)\//g, /~\^\/comrec\/(\w+)\/ +"public, (.+)";/g],
};

describe("headers", () => {
  for (const [name, [rules, times]] of Object.entries(KEPT)) {
    test(`of ${name} keep models alone: other names stay when their content changes`, () => {
      const text = read(name);
      assert.deepEqual([...text.matchAll(rules)].map(([, folder]) => folder), ["models"]);
      const kept = [...text.matchAll(times)].map(([, ...found]) => found);
      assert.deepEqual(kept, [["models", "max-age=31536000, immutable"]]);
    });
  }

  test("have the policy with which all else is tested", () => {
    const told = names.map(read).filter((text) => text.includes("Content-Security-Policy"));
    assert.equal(told.length, 3);
    for (const text of told) assert.ok(text.includes(POLICY));
  });
});
