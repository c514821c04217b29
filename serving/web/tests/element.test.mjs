/** <comrec-img> and <img data-comrec>: no jump, no broken picture, no needless work. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, afterEach, describe, test } from "node:test";

import { launch, open, skip } from "./browser.mjs";
import { read } from "./files.mjs";
import { PAGES, TOOLS } from "./fixtures-page.mjs";
import { SITE, serve } from "./server.mjs";

/** Notes every shift of the layout that the browser sees. */
const WATCH = `
  window.shifts = [];
  new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(({ value }) => value)))
    .observe({ type: "layout-shift", buffered: true });
`;
const html = (body, script = "/comrec-auto.js") =>
  `<!doctype html><html lang="en"><title>test</title><script src="/tools.js"></script>` +
  `<body>${body}<p>text below</p><script type="module" src="${script}"></script>`;

/** A file that the server has only once it is released. */
function held() {
  let release;
  const content = new Promise((resolve) => (release = resolve));
  return { content, release };
}

const tall = '<div class="tall">' + "<p>line</p>".repeat(200) + "</div>";
const pages = {
  ...PAGES,
  "tools.js": TOOLS + WATCH,
  "wide.css": "comrec-img, img { width: 100%; height: auto }",
  "element.html": html('<comrec-img src="/cases/scale2.jpg" alt="a face" width="150" height="131"></comrec-img>'),
  "inside.html": html(
    '<comrec-img><img src="/cases/scale2.jpg" alt="a face" width="150" height="131"></comrec-img>',
  ),
  "sizeless.html": html('<comrec-img src="/cases/scale2.jpg" alt="a face"></comrec-img>'),
  "styled.html": html(
    '<link rel="stylesheet" href="/wide.css">' +
      '<comrec-img src="/cases/scale2.jpg" alt="" width="150" height="131"></comrec-img>',
  ),
  "image.html": html('<img data-comrec src="/cases/scale2.jpg" alt="a face" width="150" height="131">'),
  "sizeless-image.html": html('<img data-comrec src="/cases/scale2.jpg" alt="a face">'),
  "below.html": html(
    tall +
      '<comrec-img src="/cases/scale2.jpg" alt="" width="150" height="131"></comrec-img>' +
      '<img data-comrec loading="lazy" src="/cases/scale1.jpg" alt="" width="141" height="97">',
  ),
  "failing.html": html(
    '<comrec-img id="a" src="/foreign.jpg" alt="one" width="141" height="97"></comrec-img>' +
      '<comrec-img id="b" src="/missing.jpg" alt="two" width="100" height="80"></comrec-img>' +
      '<comrec-img id="c" src="/foreign.jpg" alt="three"></comrec-img>' +
      '<img id="d" data-comrec src="/foreign.jpg" alt="four">',
  ),
};
// The same pictures with the id of a pair that the site does not have.
const foreign = read("scale1.jpg");
const at = foreign.findIndex((_, i) => String.fromCharCode(...foreign.subarray(i, i + 4)) === "ComR");
foreign.set([1, 2, 3, 4], at + 5);
pages["foreign.jpg"] = Buffer.from(foreign);

describe("in a page", { skip }, () => {
  let server, browser, opened;

  before(async () => {
    server = await serve({ pages });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  beforeEach(() => (opened = undefined));
  afterEach(() => opened?.context.close());

  const visit = async (name, options) => {
    opened = await open(browser, `${server.origin}/${name}`, options);
    return opened.page;
  };
  const settled = (page, selector, state) =>
    page.waitForFunction(
      ([selector, state]) => {
        const element = document.querySelector(selector);
        return (element.getAttribute("state") ?? element.dataset.comrec) === state;
      },
      [selector, state],
    );
  /** What an upgraded image shows, and whether that is the expected picture. */
  const upgraded = (page, expected) =>
    page.evaluate(async (name) => {
      const image = document.querySelector("img");
      const expected = tools.pixels(await tools.decode(name));
      const received = tools.pixels(await createImageBitmap(image));
      const most = Math.max(...received.map((value, i) => Math.abs(value - expected[i])));
      return [image.currentSrc.slice(0, 5), image.alt, image.naturalWidth, most <= 1];
    }, expected);
  const restoreAnother = (page) =>
    page.evaluate(async () => {
      const { restore } = await import("/comrec.js");
      (await restore(await tools.bytes("/cases/scale2.jpg"))).close();
    });
  const shifts = (page) => page.evaluate(() => window.shifts);
  const box = (page, selector) => page.locator(selector).boundingBox();

  test("an element shows the restored picture in the original's size", async () => {
    const page = await visit("element.html");
    await settled(page, "comrec-img", "restored");
    const { width, height } = await box(page, "comrec-img");
    assert.deepEqual([width, height], [150, 131]);
    const result = await page.evaluate(async () => {
      const root = document.querySelector("comrec-img").shadowRoot;
      const [image, canvas] = [root.querySelector("img"), root.querySelector("canvas")];
      await Promise.all(canvas.getAnimations().map(({ finished }) => finished));
      return {
        sizes: [canvas.width, canvas.height, image.naturalWidth, image.naturalHeight],
        opacity: getComputedStyle(canvas).opacity,
        comparison: await (async () => {
          const bitmap = await createImageBitmap(canvas);
          const expected = tools.pixels(await tools.decode("/cases/scale2.png"));
          return Math.max(...tools.pixels(bitmap).map((v, i) => Math.abs(v - expected[i])));
        })(),
      };
    });
    assert.deepEqual(result.sizes, [150, 131, 75, 66]);
    assert.equal(result.opacity, "1");
    assert.ok(result.comparison <= 1);
    mkdirSync("build", { recursive: true });
    await page.locator("comrec-img").screenshot({ path: "build/element.png" });
    assert.deepEqual(opened.complaints, []);
  });

  test("an element around an image takes its place without a jump", async () => {
    const page = await visit("inside.html");
    await settled(page, "comrec-img", "restored");
    assert.deepEqual(await shifts(page), []);
    const { width, height } = await box(page, "comrec-img");
    assert.deepEqual([width, height], [150, 131]);
    assert.deepEqual(await box(page, "comrec-img > img"), await box(page, "comrec-img"));
    assert.equal(await page.getByRole("img", { name: "a face" }).count(), 1);
    assert.equal(await page.getByRole("img").count(), 1);
    assert.deepEqual(opened.complaints, []);
  });

  test("an element that a script adds shows its restored picture without a jump", async () => {
    const page = await visit("blank.html");
    await page.evaluate(async () => {
      const { defineComrecImage } = await import("/comrec.js");
      defineComrecImage();
      const element = document.createElement("comrec-img");
      const attributes = { src: "/cases/scale2.jpg", alt: "", width: 150, height: 131 };
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      document.body.append(element, "text behind");
    });
    await settled(page, "comrec-img", "restored");
    assert.deepEqual(await shifts(page), []);
  });

  test("an image inside may come after its element, and become another one", async () => {
    const page = await visit("blank.html");
    await page.evaluate(async () => {
      const { defineComrecImage } = await import("/comrec.js");
      defineComrecImage();
      const image = new Image();
      document.body.append(document.createElement("comrec-img"));
      document.querySelector("comrec-img").append(image);
      // Later than both, as scripts do that load images lazily.
      await new Promise((resolve) => setTimeout(resolve));
      image.src = "/cases/scale2.jpg";
    });
    const shows = (width) =>
      page.waitForFunction((width) => {
        const element = document.querySelector("comrec-img");
        const canvas = element.shadowRoot.querySelector("canvas");
        return element.state === "restored" && canvas.width === width;
      }, width);
    await shows(150);
    await page.evaluate(() => (document.querySelector("comrec-img > img").src = "/cases/scale1.jpg"));
    await shows(141);
    const { width, height } = await box(page, "comrec-img");
    assert.deepEqual([width, height], [141, 97]);
    assert.deepEqual(opened.complaints, []);
  });

  test("an element without width and height takes them from the file", async () => {
    const page = await visit("sizeless.html");
    await settled(page, "comrec-img", "restored");
    const { width, height } = await box(page, "comrec-img");
    assert.deepEqual([width, height], [150, 131]);
  });

  test("a page's own styles size an element as they size an image", async () => {
    const page = await visit("styled.html", { viewport: { width: 800, height: 900 } });
    await settled(page, "comrec-img", "restored");
    const { width, height } = await box(page, "comrec-img");
    assert.equal(width, 784);
    assert.ok(Math.abs(height - (784 * 131) / 150) < 1, String(height));
  });

  test("an upgraded image stays the element, with the restored picture in its place", async () => {
    const page = await visit("image.html");
    await settled(page, "img", "restored");
    assert.deepEqual(await shifts(page), []);
    const result = await upgraded(page, "/cases/scale2.png");
    assert.deepEqual(result, ["blob:", "a face", 150, true]);
    assert.deepEqual(opened.complaints, []);
  });

  test("an upgraded image without a size takes the original's", async () => {
    const page = await visit("sizeless-image.html");
    await settled(page, "img", "restored");
    const { width, height } = await box(page, "img");
    assert.deepEqual([width, height], [150, 131]);
  });

  test("of a picture with several sources the one that the browser chose is restored", async () => {
    const late = held();
    const slow = await serve({ pages: { ...pages, "late.jpg": late.content } });
    try {
      opened = await open(browser, `${slow.origin}/blank.html`);
      const { page } = opened;
      await page.evaluate(async () => {
        document.body.innerHTML =
          '<picture><source srcset="/missing.jpg" media="print"><source srcset="/late.jpg 1x">' +
          '<img data-comrec src="/cases/scale1.jpg" srcset="/missing.jpg 1x" alt="a face"></picture>';
        const { upgradeImages } = await import("/comrec.js");
        upgradeImages();
      });
      // Nobody can know yet what the browser will have chosen.
      await restoreAnother(page);
      assert.equal(await page.getAttribute("img", "data-comrec"), "waiting");
      late.release(Buffer.from(read("scale2.jpg")));
      await settled(page, "img", "restored");
      assert.deepEqual(await upgraded(page, "/cases/scale2.png"), ["blob:", "a face", 150, true]);
      assert.deepEqual(opened.complaints, []);
    } finally {
      await slow.close();
    }
  });

  test("an image to which the page gives another file meanwhile shows that one restored", async () => {
    const [asked, models, late] = [held(), held(), held()];
    const slow = await serve({
      pages: {
        ...pages,
        // Read when the worker asks for it: then the first picture is under way.
        get "models.json"() {
          asked.release();
          return models.content;
        },
        "late.jpg": late.content,
      },
    });
    try {
      opened = await open(browser, `${slow.origin}/sizeless-image.html`);
      const { page } = opened;
      await asked.content;
      await page.evaluate(() => (document.querySelector("img").src = "/late.jpg"));
      models.release(readFileSync(path.join(SITE, "models.json")));
      // The worker has one picture at a time: the first is done when another one is.
      await restoreAnother(page);
      late.release(Buffer.from(read("scale1.jpg")));
      await settled(page, "img", "restored");
      assert.deepEqual(await upgraded(page, "/cases/scale1.png"), ["blob:", "a face", 141, true]);
      const { width, height } = await box(page, "img");
      assert.deepEqual([width, height], [141, 97]);
      assert.deepEqual(opened.complaints, []);
    } finally {
      await slow.close();
    }
  });

  test("what is below the fold waits until it is near", async () => {
    const start = server.requests.length;
    const page = await visit("below.html");
    await page.waitForTimeout(500);
    const early = server.requests.slice(start);
    assert.ok(!early.some((name) => /worker|tflite|wasm/.test(name)), String(early));
    assert.equal(await page.getAttribute("comrec-img", "state"), "waiting");
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await settled(page, "comrec-img", "restored");
    await settled(page, "img", "restored");
  });

  test("what cannot be restored stays as the browser shows it", async () => {
    const page = await visit("failing.html");
    for (const id of ["a", "b", "c", "d"]) await settled(page, `#${id}`, "failed");
    await page.waitForFunction(
      () => document.querySelector("#c").shadowRoot.querySelector("img").complete,
    );
    const shown = await page.evaluate(() =>
      ["a", "b", "c", "d"].map((id) => {
        const element = document.getElementById(id);
        const image = element.shadowRoot?.querySelector("img") ?? element;
        const canvas = element.shadowRoot?.querySelector("canvas");
        return [image.naturalWidth, image.alt, canvas ? getComputedStyle(canvas).opacity : "0"];
      }),
    );
    const expected = [[141, "one", "0"], [0, "two", "0"], [141, "three", "0"], [141, "four", "0"]];
    assert.deepEqual(shown, expected);
    const { width } = await box(page, "#a");
    assert.equal(width, 141);
  });

  test("a failure is told as an event", async () => {
    const page = await visit("blank.html");
    const code = await page.evaluate(async () => {
      const { defineComrecImage } = await import("/comrec.js");
      defineComrecImage();
      const element = document.createElement("comrec-img");
      const told = new Promise((resolve) =>
        element.addEventListener("comrec-error", ({ detail }) => resolve(detail.code)),
      );
      element.setAttribute("src", "/foreign.jpg");
      document.body.append(element);
      return told;
    });
    assert.equal(code, "preset");
  });

  test("another src shows another picture, and removal gives the work up", async () => {
    const page = await visit("element.html");
    await settled(page, "comrec-img", "restored");
    await page.evaluate(() => {
      const element = document.querySelector("comrec-img");
      element.removeAttribute("width");
      element.removeAttribute("height");
      element.setAttribute("src", "/cases/scale1.jpg");
    });
    await settled(page, "comrec-img", "restored");
    const { width, height } = await box(page, "comrec-img");
    assert.deepEqual([width, height], [141, 97]);
    await page.evaluate(() => {
      const element = document.querySelector("comrec-img");
      element.setAttribute("src", "/cases/scale2.jpg");
      element.remove();
    });
    await page.waitForTimeout(200);
    assert.deepEqual(opened.complaints, []);
  });

  test("readers hear the alternative text once", async () => {
    const page = await visit("element.html");
    await settled(page, "comrec-img", "restored");
    assert.equal(await page.getByRole("img", { name: "a face" }).count(), 1);
    assert.equal(await page.getByRole("img").count(), 1);
  });

  test("who asked for little motion sees none", async () => {
    const page = await visit("element.html", { reducedMotion: "reduce" });
    await settled(page, "comrec-img", "restored");
    const classes = await page.evaluate(
      () => document.querySelector("comrec-img").shadowRoot.querySelector("canvas").className,
    );
    assert.equal(classes, "shown");
  });

  test("who saves data keeps the compact picture, in the original's size", async () => {
    const start = server.requests.length;
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(() => {
      Object.defineProperty(navigator, "connection", { value: { saveData: true } });
    });
    await page.goto(`${server.origin}/sizeless.html`);
    await settled(page, "comrec-img", "compact");
    const { width } = await box(page, "comrec-img");
    assert.equal(width, 150);
    await page.goto(`${server.origin}/sizeless-image.html`);
    await settled(page, "img", "compact");
    const loaded = server.requests.slice(start).filter((name) => /worker|wasm|tflite/.test(name));
    assert.deepEqual(loaded, []);
    await context.close();
  });
});
