/** Which pairs of networks a site has: its models.json, and the models checked against it. */

import { ComrecError } from "./errors.js";
import type { Rule } from "./ordinary.js";
import type { TileShape } from "./tiles.js";

/** A pair's model. */
export interface Pair extends TileShape {
  /** Of the .tflite, relative to the manifest. */
  file: string;
  /** Of the file, 64 hexadecimal digits. */
  sha256: string;
  /** How many numbers the model is told of a file's coding: the first so many of `ofTables`. */
  conditions: 0 | 1 | 5;
}

/** What a site has. */
export interface Manifest {
  version: 3;
  /** Folder of the runtime's wasm files, relative to the manifest. */
  runtime: string;
  /** How ordinary JPEGs are restored, if there is a pair for them. */
  ordinary: Rule | null;
  /** By preset id, eight hexadecimal digits. */
  pairs: Record<string, Pair>;
}

const MAX_SIDE = 2048;

/**
 * Load a site's manifest.
 *
 * @param base - the folder that holds it.
 * @throws ComrecError "unavailable" if it cannot be loaded or is no manifest.
 */
export async function loadManifest(base: URL): Promise<Manifest> {
  const response = await load(new URL("models.json", base), "no-cache");
  const manifest: unknown = await response.json().catch(() => null);
  if (!isManifest(manifest)) throw unavailable("models.json is not a manifest of version 3");
  return manifest;
}

/** Whether a value is a manifest; the models are checked by their hashes. */
export function isManifest(value: unknown): value is Manifest {
  const manifest = value as Manifest | null;
  return (
    manifest?.version === 3 &&
    typeof manifest.runtime === "string" &&
    (manifest.ordinary === null || typeof manifest.ordinary?.pair === "string") &&
    typeof manifest.pairs === "object" &&
    Object.values(manifest.pairs).every(
      ({ file, sha256, side, scale, halo, conditions }) =>
        typeof file === "string" &&
        /^[0-9a-f]{64}$/.test(sha256) &&
        [1, 2].includes(scale) &&
        [0, 1, 5].includes(conditions) &&
        [side, halo].every((number) => Number.isInteger(number) && number >= 0) &&
        side >= 2 &&
        side % 2 === 0 &&
        side / scale + 2 * halo <= MAX_SIDE,
    )
  );
}

/**
 * Find the pair for a picture.
 *
 * @param presetId - what a compact file names; null for an ordinary JPEG.
 * @param scale - what the file says.
 * @throws ComrecError "preset" if the site has no such pair.
 */
export function findPair(manifest: Manifest, presetId: string | null, scale: number): Pair {
  const id = presetId ?? manifest.ordinary?.pair ?? null;
  const pair = id !== null && Object.hasOwn(manifest.pairs, id) ? manifest.pairs[id] : undefined;
  if (pair === undefined || pair.scale !== scale) {
    const mine = Object.entries(manifest.pairs).map(([name, { scale }]) => `${name} (${scale})`);
    throw new ComrecError(
      "preset",
      `expected a picture of one of the pairs ${mine.join(", ") || "(none)"} (scale). ` +
        `Received: ${id ?? "an ordinary JPEG"} at scale ${scale}`,
    );
  }
  return pair;
}

/**
 * Load a model and check it.
 *
 * @param base - the folder of the manifest; models must be of the same origin.
 * @returns the .tflite.
 * @throws ComrecError "unavailable" if it cannot be loaded or has another hash, "unsupported" on a
 *   page that is neither https nor localhost, where browsers do not compute hashes.
 */
export async function loadModel(base: URL, pair: Pair): Promise<Uint8Array> {
  const url = new URL(pair.file, base);
  if (url.origin !== base.origin) throw unavailable(`${url} is of another origin than ${base}`);
  if (globalThis.crypto?.subtle === undefined) {
    throw new ComrecError("unsupported", "expected a secure context (https or localhost)");
  }
  // If a cached file is wrong, it may be an old one: it is loaded once more.
  for (const cache of ["force-cache", "reload"] as const) {
    const content = await (await load(url, cache)).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex === pair.sha256) return new Uint8Array(content);
  }
  throw unavailable(`${url} is not the file that models.json names: its SHA-256 differs`);
}

async function load(url: URL, cache: RequestCache): Promise<Response> {
  const response = await fetch(url, { cache }).catch((error: unknown) => {
    throw unavailable(`${url} cannot be loaded: ${error}`);
  });
  if (!response.ok) throw unavailable(`${url} cannot be loaded: status ${response.status}`);
  return response;
}

const unavailable = (message: string): ComrecError => new ComrecError("unavailable", message);
