/**
 * Time and memory in headless Chromium: node tests/measure.mjs FILE...
 *
 * COMREC_SITE is an exported site with the pairs of the files. Each file is restored by one thread
 * of WASM and by all: once with everything that this loads, then the best of three (a large one
 * once). Seconds of the processor are what one quiet core would take, whatever else runs; memory is
 * what it adds to a browser with an empty page.
 */

import { readFileSync } from "node:fs";
import path from "node:path";

import { launch, open, spent } from "./browser.mjs";
import { PAGES } from "./fixtures-page.mjs";
import { serve } from "./server.mjs";

const LARGE = 4e6;
const files = process.argv.slice(2);
const pages = Object.fromEntries(files.map((file, index) => [`${index}.jpg`, readFileSync(file)]));
const server = await serve({ pages: { ...PAGES, ...pages } });

async function once(browser, page, name, threads) {
  const before = await spent(browser);
  const [pixels, seconds] = await page.evaluate(
    async ([name, threads]) => {
      const { restore } = await import("/comrec.js");
      const file = await tools.bytes(name);
      const start = performance.now();
      const bitmap = await restore(file, { accelerator: "wasm", threads });
      const result = [bitmap.width * bitmap.height, (performance.now() - start) / 1000];
      bitmap.close();
      return result;
    },
    [name, threads],
  );
  return { pixels, seconds, cpu: (await spent(browser)).seconds - before.seconds };
}

for (const [index, file] of files.entries()) {
  for (const threads of [false, true]) {
    const browser = await launch();
    const { page } = await open(browser, `${server.origin}/blank.html`);
    const before = (await spent(browser)).now;
    const rounds = [await once(browser, page, `/${index}.jpg`, threads)];
    const large = rounds[0].pixels > LARGE;
    for (let round = 1; round < 4 && !large; round++) {
      rounds.push(await once(browser, page, `/${index}.jpg`, threads));
    }
    const best = (key) => Math.min(...rounds.slice(large ? 0 : 1).map((round) => round[key]));
    const added = (await spent(browser)).most - before;
    console.log(
      `${path.basename(file)}, ${threads ? "threads" : "one thread"}: first ` +
        `${rounds[0].seconds.toFixed(2)} s, then ${best("seconds").toFixed(2)} s ` +
        `(processor ${best("cpu").toFixed(2)} s); ${added.toFixed(0)} MB`,
    );
    await browser.close();
    if (large) break;
  }
}
await server.close();
