/** Bundles the module, its worker and the demo into dist; with --tests, the modules for tests. */

import { readFileSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const shared = { bundle: true, minify: true, target: "es2022", logLevel: "warning" };

/** Entries import the library by its bare name, which becomes an import of its file. */
const library = {
  name: "library",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^comrec$/ }, () => ({ path: "./comrec.js", external: true })),
};

rmSync("dist", { recursive: true, force: true });
await Promise.all([
  build({ ...shared, entryPoints: ["src/index.ts"], format: "esm", outfile: "dist/comrec.js" }),
  build({
    ...shared,
    entryPoints: { "comrec-auto": "src/auto.ts", demo: "demo/demo.ts" },
    format: "esm",
    plugins: [library],
    outdir: "dist",
  }),
  build({
    ...shared,
    entryPoints: ["src/worker.ts"],
    format: "iife",
    outfile: "dist/comrec-worker.js",
  }),
]);

if (process.argv.includes("--tests")) {
  rmSync("build", { recursive: true, force: true });
  await build({
    entryPoints: ["src/*.ts"],
    format: "esm",
    outdir: "build",
    target: "node20",
    logLevel: "warning",
  });
}

const sizes = ["comrec.js", "comrec-auto.js", "comrec-worker.js", "demo.js"].map((name) => [
  name,
  gzipSync(readFileSync(`dist/${name}`), { level: 9 }).length,
]);
console.log(sizes.map(([name, size]) => `${name} ${(size / 1000).toFixed(1)} kB`).join(", "));
