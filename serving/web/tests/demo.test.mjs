/** The demo page: every way in, at two widths, and nothing on the console. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { launch, open, skip } from "./browser.mjs";
import { read } from "./files.mjs";
import { SITE, serve } from "./server.mjs";

/** An exported site has examples of its own. */
const exported = existsSync(path.join(SITE, "examples", "examples.json"));
const example = {
  title: "Astronaut",
  compact: "a.jpg",
  plain: "a-plain.jpg",
  original: "a.png",
  credit: "Photo: NASA, public domain.",
};
const pages = exported
  ? {}
  : {
      "examples/examples.json": JSON.stringify([example]),
      "examples/a.jpg": Buffer.from(read("scale2.jpg")),
      "examples/a-plain.jpg": Buffer.from(read("ordinary_420.jpg")),
      "examples/a.png": Buffer.from(read("scale2.png")),
    };
const file = (name) => ({
  name,
  mimeType: name.endsWith(".jpg") ? "image/jpeg" : "image/png",
  buffer: Buffer.from(read(name)),
});

describe("the demo page", { skip }, () => {
  let server, browser, page, complaints;

  before(async () => {
    server = await serve({ pages });
    browser = await launch();
    ({ page, complaints } = await open(browser, `${server.origin}/index.html`));
    mkdirSync("build", { recursive: true });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  beforeEach(() => page.waitForSelector("#progress", { state: "hidden" }));

  const facts = () =>
    page.$$eval("#facts tr", (rows) => rows.map((row) => [...row.cells].map((c) => c.textContent)));
  const said = () => page.textContent("#said");
  const take = async (name) => {
    const before = await said();
    await page.setInputFiles("#file", file(name));
    await page.waitForFunction((before) => {
      const text = document.getElementById("said").textContent;
      return text !== before && document.getElementById("progress").hidden;
    }, before);
  };

  test("shows an example at once: original, plain JPEG, compact file, restored", async () => {
    await page.waitForSelector("#result:not([hidden])");
    assert.deepEqual(
      (await facts()).map(([name]) => name),
      ["original", "plain JPEG", "compact file as it is", "restored"],
    );
    assert.match((await facts())[3][3], /^\d+\.\d\d s$/);
    assert.match(await said(), /plain JPEG that is no smaller/);
    await page.screenshot({ path: "build/demo.png", fullPage: true });
  });

  test("fits a phone", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 360, `${wide} pixels wide`);
    await page.screenshot({ path: "build/demo-phone.png", fullPage: true });
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test("its slider moves by the keyboard", async () => {
    await page.focus("#slider");
    await page.keyboard.press("Home");
    const seen = () => page.evaluate(() => document.getElementById("stage").style.getPropertyValue("--seen"));
    assert.equal(await seen(), "0%");
    await page.keyboard.press("End");
    assert.equal(await seen(), "100%");
  });

  test("either side may show any of the pictures", async () => {
    await page.selectOption("#left", "0");
    assert.equal(await page.textContent("#left-name"), "original");
  });

  test("restores a compact file that is dropped", async () => {
    await take("grey.jpg");
    assert.match(await said(), /compact file at half size, 109x101 pixels/);
    assert.equal((await facts()).length, 2);
  });

  test("restores an ordinary JPEG that is dropped", async () => {
    await take("ordinary_420.jpg");
    assert.match(await said(), /ordinary JPEG, 121x90/);
    assert.equal(await page.isVisible("#quality"), false);
  });

  test("makes an ordinary JPEG of a photo, and says that it is one", async () => {
    await take("scale2.png");
    assert.match(await said(), /Your browser made an ordinary JPEG of quality 25/);
    assert.equal(await page.isVisible("#quality"), true);
    const [, before] = (await facts())[1];
    await page.fill("#quality", "60");
    await page.waitForFunction(() => document.getElementById("said").textContent.includes("60"));
    const [, after] = (await facts())[1];
    const number = (text) => Number(text.replace(",", ""));
    assert.ok(number(after) > number(before), `${before} bytes, then ${after}`);
  });

  test("says what is wrong with a file", async () => {
    const wrong = { name: "x.png", mimeType: "image/png", buffer: Buffer.from("text") };
    await page.setInputFiles("#file", wrong);
    await page.waitForFunction(() => /cannot show/.test(document.getElementById("said").textContent));
  });

  test("says nothing on the console", () => assert.deepEqual(complaints, []));
});
