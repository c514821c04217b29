/** Restored pixels against those that Python restored, in a real browser. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { EMULATED_GPU, launch, open, skip } from "./browser.mjs";
import { PAGES } from "./fixtures-page.mjs";
import { SITE, serve } from "./server.mjs";

const CASES = JSON.parse(readFileSync(path.join(SITE, "cases", "cases.json"), "utf8"));

const WAYS = {
  "WASM, one thread": [{ accelerator: "wasm", threads: false }],
  "WASM, threads": [{ accelerator: "wasm", threads: true }],
  "the way that is chosen": [{}],
};
// A network of full size takes the emulated GPU a quarter of an hour; tiny ones show as much.
if (process.env.COMREC_SITE === undefined) {
  WAYS["WebGPU"] = [{ accelerator: "webgpu" }, EMULATED_GPU];
}

for (const [way, [options, flags]] of Object.entries(WAYS)) {
  describe(way, { skip }, () => {
    let server, browser, page, complaints;

    before(async () => {
      server = await serve({ pages: PAGES });
      browser = await launch(flags);
      ({ page, complaints } = await open(browser, `${server.origin}/blank.html`));
    });
    after(async () => {
      await browser?.close();
      await server?.close();
    });

    for (const { name, file, pixels } of CASES) {
      test(`${name} is restored within one grey level of Python's`, async () => {
        const result = await page.evaluate(
          ([file, pixels, options]) => tools.compare(`/cases/${file}`, `/cases/${pixels}`, options),
          [file, pixels, options],
        );
        assert.ok(result.same, JSON.stringify(result));
        assert.ok(result.most <= 1, JSON.stringify(result));
        // Both sides keep weights as float16, but in different forms.
        // Where shares are taken over, Python rounds before and after it.
        const most = name.startsWith("ordinary") ? 0.25 : 0.1;
        assert.ok(result.share < most, JSON.stringify(result));
      });
    }

    test("the console stays silent", () => assert.deepEqual(complaints, []));
  });
}
