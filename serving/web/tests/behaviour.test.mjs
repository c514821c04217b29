/** What the module does besides pixels: loading, failing, aborting, staying small. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { launch, open, skip, spent } from "./browser.mjs";
import { first, frameSegment, jpeg, read, segment, table } from "./files.mjs";
import { PAGES } from "./fixtures-page.mjs";
import { SITE, serve } from "./server.mjs";

const manifest = JSON.parse(readFileSync(path.join(SITE, "models.json"), "utf8"));
const ascii = (text) => [...text].map((char) => char.charCodeAt(0));

/** A file with an EXIF orientation. */
function turned(file, orientation) {
  const exif = [...ascii("Exif\0\0II"), 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0];
  const added = segment(0xe1, [...exif, orientation, 0, 0, 0, 0, 0, 0, 0]);
  return Uint8Array.from([...file.subarray(0, 2), ...added, ...file.subarray(2)]);
}

/** A manifest in which something is not as it should be. */
const changed = (change) => {
  const copy = structuredClone(manifest);
  for (const pair of Object.values(copy.pairs)) change(pair, copy);
  return JSON.stringify(copy);
};

const pages = {
  ...PAGES,
  "broken.jpg": read("scale1.jpg").subarray(0, 1200),
  "foreign.jpg": Buffer.from(jpeg(first({}), table(0, 9), frameSegment(6, 5))),
  "bomb.jpg": Buffer.from(jpeg(table(0, 9), frameSegment(65000, 65000))),
  "thin.jpg": Buffer.from(jpeg(table(0, 9), frameSegment(65000, 1))),
  "undecodable.jpg": Buffer.from(jpeg(table(0, 9), frameSegment(6, 5, 3, { marker: 0xc3 }))),
  "text.jpg": "not a picture",
  "other-hash/models.json": changed((pair) => {
    pair.sha256 = "0".repeat(64);
    pair.file = `../${pair.file}`;
  }),
  "other-tiles/models.json": changed((pair) => {
    pair.side = 2 * pair.side;
    pair.file = `../${pair.file}`;
  }),
  "no-model/models.json": changed((pair) => (pair.file = "missing.tflite")),
  "far-model/models.json": changed((pair) => (pair.file = "https://example.com/x.tflite")),
  "no-manifest/models.json": "{}",
};
for (const folder of ["other-hash", "other-tiles", "no-model", "far-model", "no-manifest"]) {
  pages[`${folder}/comrec-worker.js`] = readFileSync("dist/comrec-worker.js");
  const runtime = JSON.stringify("../runtime/");
  const name = `${folder}/models.json`;
  if (pages[name] !== "{}") pages[name] = pages[name].replace('"runtime/"', runtime);
}
for (let orientation = 1; orientation <= 8; orientation++) {
  pages[`turned${orientation}.jpg`] = Buffer.from(turned(read("scale1.jpg"), orientation));
}

describe("in a page", { skip }, () => {
  let server, browser, page, complaints;

  before(async () => {
    server = await serve({ pages });
    browser = await launch(["--disable-gpu", "--js-flags=--expose-gc"]);
    ({ page, complaints } = await open(browser, `${server.origin}/blank.html`));
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const restore = (file, options = {}) =>
    page.evaluate(([file, options]) => tools.compare(file, "/cases/scale1.png", options), [
      file,
      options,
    ]);

  test("nothing is loaded before the first picture needs it, and everything once", async () => {
    const before = [...server.requests];
    await page.evaluate(() => import("/comrec.js"));
    const asked = server.requests.slice(before.length).filter((name) => name !== "favicon.ico");
    assert.deepEqual(asked, ["comrec.js"]);
    await restore("/cases/scale1.jpg");
    await restore("/cases/scale1_v3.jpg");
    const loaded = server.requests.slice(before.length);
    for (const kind of [/worker/, /models\.json/, /\.tflite$/, /litert.*\.wasm$/]) {
      assert.equal(loaded.filter((name) => kind.test(name)).length, 1, `${kind}: ${loaded}`);
    }
  });

  test("a picture that no network is needed for loads none", async () => {
    const start = server.requests.length;
    await page.evaluate(async () => {
      const { release, restore } = await import("/comrec.js");
      release();
      for (const name of ["plain", "ordinary_fine", "ordinary_pattern"]) {
        (await restore(await tools.bytes(`/cases/${name}.jpg`))).close();
      }
      const leave = { ordinary: "leave" };
      (await restore(await tools.bytes("/cases/ordinary_420.jpg"), leave)).close();
    });
    const loaded = server.requests.slice(start);
    assert.deepEqual(loaded.filter((name) => /wasm|tflite/.test(name)), []);
    // By its numbers it was decided.
    assert.equal(loaded.filter((name) => /models\.json/.test(name)).length, 1);
  });

  for (const [what, file, code, options] of [
    ["a broken file", "/broken.jpg", "damaged"],
    ["a file that the decoder refuses", "/undecodable.jpg", "damaged"],
    ["a text", "/text.jpg", "damaged"],
    ["a file of another preset", "/foreign.jpg", "preset"],
    ["a file that claims too many pixels", "/bomb.jpg", "size"],
    ["a file that is too thin", "/thin.jpg", "size"],
    ["a file above the page's limit", "/cases/scale1.jpg", "size", { maxPixels: 1000 }],
    ["a model of another hash", "/cases/scale1.jpg", "unavailable", { base: "/other-hash/" }],
    ["a model of other tiles", "/cases/scale1.jpg", "unavailable", { base: "/other-tiles/" }],
    ["a model that is missing", "/cases/scale1.jpg", "unavailable", { base: "/no-model/" }],
    ["a model of another origin", "/cases/scale1.jpg", "unavailable", { base: "/far-model/" }],
    ["a manifest that is none", "/cases/scale1.jpg", "unavailable", { base: "/no-manifest/" }],
    ["a missing worker", "/cases/scale1.jpg", "unavailable", { base: "/nothing/" }],
    ["a site of another origin", "/cases/scale1.jpg", "origin", { base: "https://example.com/" }],
  ]) {
    test(`${what} is refused, and says so`, async () => {
      const result = await restore(file, options);
      assert.equal(result.code, code, JSON.stringify(result));
      assert.ok(result.message.length > 20);
    });
  }

  test("what was refused did no harm to the next picture", async () => {
    assert.ok((await restore("/cases/scale1.jpg")).most <= 1);
  });

  test("a picture of another origin is refused unless it is allowed", async () => {
    const code = await page.evaluate(async () => {
      const { restore } = await import("/comrec.js");
      const image = { currentSrc: "https://example.com/picture.jpg" };
      return restore(image).catch((error) => error.code);
    });
    assert.equal(code, "origin");
  });

  test("an element, a blob and an array are restored alike, and stay the caller's", async () => {
    const results = await page.evaluate(async () => {
      const { restore } = await import("/comrec.js");
      const image = new Image();
      image.src = "/cases/scale1.jpg";
      await image.decode();
      const buffer = await tools.bytes("/cases/scale1.jpg");
      const sources = [image, new Blob([buffer]), buffer, new Uint8Array(buffer)];
      const all = [];
      for (const source of sources) all.push(String(tools.pixels(await restore(source))));
      return [all.every((pixels) => pixels === all[0]), buffer.byteLength > 0];
    });
    assert.deepEqual(results, [true, true]);
  });

  test("progress goes up to one", async () => {
    const shares = await page.evaluate(async () => {
      const { restore } = await import("/comrec.js");
      const shares = [];
      const onprogress = (share) => shares.push(share);
      await restore(await tools.bytes("/cases/scale2.jpg"), { onprogress });
      return shares;
    });
    assert.equal(shares.at(-1), 1);
    assert.deepEqual(shares, shares.toSorted?.((a, b) => a - b) ?? shares);
  });

  test("aborting rejects with the reason, before, at once, on the way, and while another is at work", async () => {
    const results = await page.evaluate(async () => {
      const { restore } = await import("/comrec.js");
      const file = await tools.bytes("/cases/scale2.jpg");
      const caught = [];
      const attempt = (options) => restore(file, options).catch((error) => caught.push(String(error)));
      await attempt({ signal: AbortSignal.abort("before") });
      const soon = new AbortController();
      const running = attempt({ signal: soon.signal });
      soon.abort("at once");
      await running;
      const late = new AbortController();
      await attempt({ signal: late.signal, onprogress: () => late.abort("on the way") });
      const [before, queued] = [restore(file), new AbortController()];
      const behind = attempt({ signal: queued.signal });
      // Both have read their files: one is at work.
      await new Promise((resolve) => setTimeout(resolve));
      queued.abort("while it waits");
      await behind;
      return [caught, (await before).width];
    });
    assert.deepEqual(results, [["before", "at once", "on the way", "while it waits"], 150]);
  });

  test("what is released rejects what is under way, and the next picture starts anew", async () => {
    const results = await page.evaluate(async () => {
      const { release, restore } = await import("/comrec.js");
      const file = await tools.bytes("/cases/scale2.jpg");
      const running = restore(file).catch((error) => error.code);
      await new Promise((resolve) => setTimeout(resolve));
      release();
      return [await running, (await restore(file)).width];
    });
    assert.deepEqual(results, ["unavailable", 150]);
  });

  for (let orientation = 1; orientation <= 8; orientation++) {
    test(`EXIF orientation ${orientation} turns the restored picture as the browser does`, async () => {
      const same = await page.evaluate(async (name) => {
        const { restore } = await import("/comrec.js");
        const file = await tools.bytes(name);
        // Restored by a network or not, the same corner must be the same colour, nearly.
        const [restored, shown] = [await restore(file), await createImageBitmap(new Blob([file]))];
        const [a, b] = [tools.pixels(restored), tools.pixels(shown)];
        const far = a.reduce((sum, value, index) => sum + Math.abs(value - b[index]), 0);
        return [restored.width === shown.width, far / a.length];
      }, `/turned${orientation}.jpg`);
      assert.ok(same[0]);
      assert.ok(same[1] < 8, `mean difference ${same[1]}`);
    });
  }

  test("numbers of a Display P3 file are restored as they are", async () => {
    const results = await page.evaluate(async () => {
      const { restore } = await import("/comrec.js");
      const file = new Uint8Array(await tools.bytes("/cases/scale1.jpg"));
      const text = "ICC_PROFILE\0\x01\x01Display P3";
      const content = Array.from(text, (char) => char.charCodeAt(0));
      const added = [0xff, 0xe2, 0, content.length + 2, ...content];
      const tagged = Uint8Array.from([...file.subarray(0, 2), ...added, ...file.subarray(2)]);
      const read = async (source) => {
        const bitmap = await restore(source);
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const options = { willReadFrequently: true, colorSpace: "display-p3" };
        const context = canvas.getContext("2d", source === tagged ? options : {});
        context.drawImage(bitmap, 0, 0);
        return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
      };
      const [p3, srgb] = [await read(tagged), await read(file)];
      return Math.max(...p3.map((value, index) => Math.abs(value - srgb[index])));
    });
    assert.ok(results <= 1, String(results));
  });

  test("a hundred pictures take no more memory than the first ones", async () => {
    const sizes = [];
    for (let round = 0; round < 5; round++) {
      await page.evaluate(async () => {
        const { restore } = await import("/comrec.js");
        for (let index = 0; index < 24; index++) {
          const name = ["scale1", "scale2", "grey", "ordinary_420"][index % 4];
          (await restore(await tools.bytes(`/cases/${name}.jpg`))).close();
        }
      });
      await page.evaluate(() => gc());
      // Threads of the runtime have no memory of their own, and cannot be asked.
      for (const worker of page.workers()) await worker.evaluate(() => gc()).catch(() => {});
      sizes.push((await spent(browser)).now);
    }
    assert.ok(Math.min(sizes[3], sizes[4]) - sizes[1] < 10, `MB after each 24 pictures: ${sizes}`);
  });

  test("the console stayed silent but for what the browser says of missing files", () => {
    const own = complaints.filter((text) => !/Failed to load resource|Failed to fetch a worker/.test(text));
    assert.deepEqual(own, []);
  });
});

test("a page that is not isolated does without threads", { skip }, async () => {
  const server = await serve({ pages, isolated: false });
  const browser = await launch();
  try {
    const { page, complaints } = await open(browser, `${server.origin}/blank.html`);
    const result = await page.evaluate(() =>
      tools.compare("/cases/scale1.jpg", "/cases/scale1.png"),
    );
    assert.ok(result.most <= 1, JSON.stringify(result));
    assert.ok(!server.requests.some((name) => name.includes("threaded")));
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
    await server.close();
  }
});

/** Put before the worker's script: no memory for one picture, and another whose thread dies. */
const BREAKING = `
  self.OffscreenCanvas = class extends OffscreenCanvas {
    constructor(width, height) {
      if (width === 141) throw new RangeError("no memory left");
      super(width, height);
    }
  };
  const decode = createImageBitmap;
  self.createImageBitmap = async (...given) => {
    const bitmap = await decode(...given);
    if (bitmap.width !== 55) return bitmap;
    setTimeout(() => { throw new Error("a thread died"); });
    return new Promise(() => {});
  };
`;

test("what ends the worker costs one picture: those that wait get a new worker", { skip }, async () => {
  const script = BREAKING + readFileSync("dist/comrec-worker.js", "utf8");
  const server = await serve({ pages: { ...pages, "comrec-worker.js": script } });
  const browser = await launch();
  try {
    const { page } = await open(browser, `${server.origin}/blank.html`);
    const results = await page.evaluate(async () => {
      const names = ["scale2", "scale1", "scale2_v3", "grey", "scale2"];
      // Read before, so that they wait in this order.
      const files = await Promise.all(names.map((name) => tools.bytes(`/cases/${name}.jpg`)));
      return Promise.all(files.map((file, at) => tools.compare(file, `/cases/${names[at]}.png`)));
    });
    const outcomes = results.map(({ code, most }) => code ?? most <= 1);
    assert.deepEqual(outcomes, [true, "unsupported", true, "unavailable", true]);
    assert.match(results[1].message, /no memory left/);
    assert.match(results[3].message, /a thread died/);
  } finally {
    await browser.close();
    await server.close();
  }
});
