/** A small static server with the headers that serving/web/README.md asks for. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

const HERE = path.dirname(new URL(import.meta.url).pathname);
const WEB = path.dirname(HERE);
/** A site with models and cases; an exported one by the variable COMREC_SITE. */
export const SITE = process.env.COMREC_SITE ?? path.join(HERE, "fixtures");

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".jpg": "image/jpeg",
  ".js": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; " +
  "connect-src 'self'; img-src 'self' blob:; style-src 'self'; base-uri 'none'";

const HEADERS = {
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};

/**
 * Serve the module, a site and pages of a test.
 *
 * @param pages - path to HTML or bytes, or a promise of them, before any file.
 * @param isolated - whether pages are cross-origin isolated.
 * @param folder - what to serve in place of all that, as a host without headers of its own does.
 * @returns `origin`, `requests` (paths so far) and `close()`.
 */
export async function serve({ pages = {}, isolated = true, folder } = {}) {
  const requests = [];
  const roots = folder ? [folder] : [SITE, path.join(WEB, "dist"), path.join(WEB, "demo")];
  const runtime = path.join(WEB, "node_modules", "@litertjs", "core", "wasm");
  const server = createServer(async (request, response) => {
    const name = decodeURIComponent(new URL(request.url, "http://x").pathname).slice(1);
    requests.push(name);
    const headers = folder ? {} : { ...HEADERS };
    if (!isolated) delete headers["Cross-Origin-Embedder-Policy"];
    headers["Content-Type"] = TYPES[path.extname(name)] ?? "application/octet-stream";
    // The browser asks for one on its own.
    if (name === "favicon.ico") return void response.writeHead(204).end();
    const safe = !name.split("/").includes("..");
    const candidates = safe ? roots.map((root) => path.join(root, name)) : [];
    if (safe && name.startsWith("runtime/")) candidates.push(path.join(runtime, name.slice(8)));
    let content = await pages[name];
    for (const candidate of candidates) {
      content ??= await readFile(candidate).catch(() => undefined);
    }
    if (content === undefined) return void response.writeHead(404, HEADERS).end();
    response.writeHead(200, headers).end(content);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://localhost:${server.address().port}`,
    requests,
    close: () => new Promise((resolve) => server.close(resolve) && server.closeAllConnections()),
  };
}
