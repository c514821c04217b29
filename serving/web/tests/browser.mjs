/** Headless Chromium for tests: Debian's, driven by playwright-core, which downloads none. */

import { existsSync } from "node:fs";

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
  chromium.launch({ executablePath, args: [...QUIET, ...flags] });

/**
 * Open a page.
 *
 * @returns the page, and what its console said of warnings and errors.
 */
export async function open(browser, address, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["warning", "error"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address);
  return { page, context, complaints };
}
