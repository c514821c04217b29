/** The documentation's first page, which carries the demo; its folder by COMREC_DOCS. */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { launch, open, skip } from "./browser.mjs";
import { serve } from "./server.mjs";

const folder = process.env.COMREC_DOCS;

describe("the first page", { skip: skip || (!folder && "COMREC_DOCS is not set") }, () => {
  let server, browser;

  before(async () => {
    server = await serve({ folder });
    browser = await launch();
    mkdirSync("build", { recursive: true });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  for (const [what, width, height] of [
    ["a phone", 360, 740],
    ["a desktop", 1280, 900],
  ]) {
    test(`restores a picture on ${what} and says nothing on the console`, async () => {
      const { page, context, complaints } = await open(browser, `${server.origin}/index.html`, {
        viewport: { width, height },
      });
      await page.waitForSelector("#result:not([hidden])");
      const names = await page.$$eval("#facts td:first-child", (cells) =>
        cells.map((cell) => cell.textContent),
      );
      assert.equal(names.at(-1), "restored");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} pixels wide`);
      const stage = await page.locator("#stage").boundingBox();
      assert.ok(stage.width > 0.6 * Math.min(width, 512), `the picture is ${stage.width} wide`);
      await page.screenshot({ path: `build/docs-${width}.png`, fullPage: true });
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }
});
