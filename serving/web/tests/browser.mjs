/** Headless Chromium for tests: Debian's, driven by playwright-core, which downloads none. */

import { existsSync, readFileSync } from "node:fs";

import { chromium } from "playwright-core";

const PATHS = [process.env.COMREC_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];
const executablePath = PATHS.find((path) => path && existsSync(path));

/** Why browser tests cannot run, or false. */
export const skip = executablePath === undefined ? "expected Chromium in /usr/bin" : false;

const QUIET = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** WebGPU computed by the CPU: slow, but the real thing. */
export const EMULATED_GPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
];

/** Start a browser; close it when done. */
export const launch = (flags = ["--disable-gpu"]) =>
  chromium.launch({ executablePath, args: [...QUIET, ...flags], timeout: 120_000 });

/**
 * Open a page.
 *
 * @returns the page, and what its console said of warnings and errors.
 */
export async function open(browser, address, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  // A machine that builds other things may be slow.
  page.setDefaultTimeout(120_000);
  const complaints = [];
  page.on("console", (message) => {
    if (["warning", "error"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address);
  return { page, context, complaints };
}

/** Of the kernel's clock in a second. */
const TICKS = 100;

/**
 * Memory and time of the processes that hold pages and their workers.
 *
 * @returns MB `now` and at `most` since they began (resident), and `seconds` of processor time so far
 *   (Linux alone).
 */
export async function spent(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const total = { now: 0, most: 0, seconds: 0 };
  for (const { id } of processInfo.filter(({ type }) => type === "renderer")) {
    const status = readFileSync(`/proc/${id}/status`, "utf8");
    const read = (name) => Number(new RegExp(`${name}:\\s*(\\d+)`).exec(status)[1]) / 1000;
    total.now += read("VmRSS");
    total.most += read("VmHWM");
    const fields = readFileSync(`/proc/${id}/stat`, "utf8").split(") ")[1].split(" ");
    total.seconds += (Number(fields[11]) + Number(fields[12])) / TICKS;
  }
  return total;
}
