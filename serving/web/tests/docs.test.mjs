/** The documentation in a browser, at two widths; its folder by COMREC_DOCS. */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { launch, open, skip } from "./browser.mjs";
import { serve } from "./server.mjs";

const folder = process.env.COMREC_DOCS;
const names = folder ? readdirSync(folder).filter((name) => name.endsWith(".html")) : [];
const SCREENS = [
  ["a phone", 360, 740],
  ["a desktop", 1280, 900],
];

/** How wide a page is, which of its pictures do not show, and where its links lead. */
const look = () => ({
  wide: document.documentElement.scrollWidth,
  broken: [...document.images].filter((image) => !image.naturalWidth).map((image) => image.src),
  links: [...document.querySelectorAll("a[href]")].map((link) => link.href),
  ids: [...document.querySelectorAll("[id], a[name]")].map((place) => place.id || place.name),
  heading: document.querySelector("h1")?.textContent.trim(),
});

/** Whether all pictures have come or failed; the demo adds its own after the page has loaded. */
const settled = () =>
  document.getElementById("examples")?.childElementCount !== 0 &&
  [...document.images].every((image) => image.complete);

describe("the documentation", { skip: skip || (!folder && "COMREC_DOCS is not set") }, () => {
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

  for (const [what, width, height] of SCREENS) {
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

  for (const [what, width, height] of SCREENS) {
    test(`fits ${what} on every page, with all pictures, and no link leads nowhere`, async () => {
      const { page, context, complaints } = await open(browser, "about:blank", {
        viewport: { width, height },
      });
      const looked = {};
      for (const name of names) {
        await page.goto(`${server.origin}/${name}`, { waitUntil: "load" });
        await page.waitForFunction(settled);
        looked[name] = await page.evaluate(look);
        const { wide, broken, heading } = looked[name];
        assert.ok(wide <= width, `${name} is ${wide} pixels wide`);
        assert.deepEqual(broken, [], name);
        assert.ok(heading, `${name} has no heading`);
      }
      for (const [name, { links }] of Object.entries(looked)) {
        for (const link of links.map((each) => new URL(each))) {
          if (link.origin !== server.origin) continue;
          const target = looked[link.pathname.slice(1) || "index.html"];
          assert.ok(target, `${name} links to ${link.pathname}, which is not there`);
          const place = decodeURIComponent(link.hash.slice(1));
          assert.ok(!place || target.ids.includes(place), `${name} links to ${link.href}`);
        }
      }
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }
});
