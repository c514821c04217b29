/** Where a picture's bytes come from. */

import { ComrecError } from "./errors.js";

/** A JPEG file, or an element that shows one. */
export type Source = ArrayBuffer | Uint8Array | Blob | HTMLImageElement;

/**
 * Get a picture's file.
 *
 * @param source - the file of an element is fetched, usually from the cache.
 * @param crossOrigin - whether it may come from another origin, which must allow it (CORS).
 * @returns a copy, which may be transferred.
 * @throws ComrecError "origin" or "unavailable"; the signal's reason if it aborts.
 */
export async function readSource(
  source: Source,
  crossOrigin: boolean,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source.slice();
  if (source instanceof ArrayBuffer) return new Uint8Array(source.slice(0));
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  return fetchPicture(source.currentSrc || source.src, crossOrigin, signal);
}

/**
 * Fetch a picture's file.
 *
 * @param address - relative to the document.
 * @throws as `readSource`.
 */
export async function fetchPicture(
  address: string,
  crossOrigin: boolean,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const url = new URL(address, document.baseURI);
  checkOrigin(url, crossOrigin);
  const response = await fetch(url, { ...(signal && { signal }) }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw new ComrecError("unavailable", `${url} cannot be loaded: ${error}`);
  });
  if (!response.ok) {
    throw new ComrecError("unavailable", `${url} cannot be loaded: status ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Check the origin of an address.
 *
 * @throws ComrecError "origin" if it is of another origin and that is not allowed.
 */
export function checkOrigin(url: URL, crossOrigin: boolean): void {
  const own = url.protocol === "blob:" || url.protocol === "data:" || url.origin === location.origin;
  if (!own && !crossOrigin) {
    throw new ComrecError(
      "origin",
      `expected an address of ${location.origin} (or crossOrigin: true). Received: ${url.origin}`,
    );
  }
}
