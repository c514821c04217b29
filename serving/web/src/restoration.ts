/** One picture through decoder, tiles and network, in a worker. */

import type { Engine, Network } from "./engine.js";
import { ComrecError } from "./errors.js";
import { type Description, type Inspected, inspectFile } from "./inspect.js";
import { findPair } from "./manifest.js";
import type { Job } from "./messages.js";
import { bare } from "./metadata.js";
import * as tiles from "./tiles.js";

/** What a restoration tells and asks while it runs. */
export interface Watch {
  /** @param share - of the tiles that are done, 0 to 1. */
  progress(share: number): void;
  /** @throws if the picture is no longer wanted. */
  check(): void;
}

/** Ordinary JPEGs with a finer DC step of luma are left as they are: there is nothing to gain. */
export const FINEST_ORDINARY_STEP = 3;

/**
 * Restore a picture.
 *
 * @param job - the file and what is asked.
 * @returns the restored picture, turned as its EXIF orientation says.
 * @throws ComrecError of any code.
 */
export async function restorePicture(job: Job, engine: Engine, watch: Watch): Promise<ImageBitmap> {
  const inspected = inspectFile(job.file, job.maxPixels);
  const { kind, presetId, scale, step } = inspected.description;
  const finest = kind === "ordinary" && step < FINEST_ORDINARY_STEP;
  if (kind === "plain" || finest || (kind === "ordinary" && job.ordinary === "leave")) {
    return decodeFor(inspected, false);
  }
  // Before the decoder, so that a picture of a foreign pair costs nothing.
  const pair = findPair(await engine.manifest(), presetId, scale);
  const { width, height } = inspected.description;
  if (tiles.isTooThin(width, height, pair)) {
    throw new ComrecError("size", `a picture of ${width}x${height} pixels is too thin to restore`);
  }
  const network = await engine.network(pair);
  watch.check();
  const decoded = await decodeFor(inspected, true);
  try {
    const restored = await restoreByTiles(decoded, inspected.description, network, watch);
    return turned(restored, inspected.description).transferToImageBitmap();
  } finally {
    decoded.close();
  }
}

/**
 * Let the browser decode the JPEG.
 *
 * @param forNetwork - the coded numbers as they are, upright or not, whatever colours they mean;
 *   else the picture as it is to be shown.
 */
async function decodeFor(inspected: Inspected, forNetwork: boolean): Promise<ImageBitmap> {
  const { parts, frame, description } = inspected;
  const convert = !forNetwork || description.profile === "other";
  const pieces = forNetwork ? bare(parts, convert) : parts.map(({ bytes }) => bytes);
  const blob = new Blob(pieces as BlobPart[], { type: "image/jpeg" });
  const bitmap = await createImageBitmap(blob, {
    colorSpaceConversion: convert ? "default" : "none",
    premultiplyAlpha: "none",
  }).catch(() => {
    throw new ComrecError("damaged", "the browser cannot decode the JPEG");
  });
  if (forNetwork && (bitmap.width !== frame.width || bitmap.height !== frame.height)) {
    throw new ComrecError(
      "damaged",
      `expected a picture of ${frame.width}x${frame.height} pixels inside. ` +
        `Received: ${bitmap.width}x${bitmap.height}`,
    );
  }
  return bitmap;
}

/** Tile by tile: beside the decoded and the restored picture only one row of tiles is held. */
async function restoreByTiles(
  decoded: ImageBitmap,
  { width, height, grey, step, profile }: Description,
  network: Network,
  watch: Watch,
): Promise<OffscreenCanvas> {
  const { pair } = network;
  const colorSpace = profile === "display-p3" ? "display-p3" : "srgb";
  const restored = new OffscreenCanvas(width, height);
  const target = context(restored, colorSpace);
  const window = new OffscreenCanvas(
    decoded.width,
    Math.min(decoded.height, tiles.inputSide(pair)),
  );
  const source = context(window, "srgb");
  const pixels = new ImageData(pair.side, pair.side, { colorSpace });
  const [rows, columns] = [tiles.count(height, pair), tiles.count(width, pair)];
  for (let row = 0; row < rows; row++) {
    const [top, number] = tiles.rowsOf(row, decoded.height, pair);
    source.drawImage(decoded, 0, top, decoded.width, number, 0, 0, decoded.width, number);
    const { data } = source.getImageData(0, 0, decoded.width, number);
    const strip = { data, width: decoded.width, top, rows: number };
    for (let column = 0; column < columns; column++) {
      watch.check();
      tiles.fill(network.input, strip, row, column, pair);
      tiles.store(pixels.data, await network.run(step), grey);
      target.putImageData(pixels, column * pair.side, row * pair.side);
      watch.progress((row * columns + column + 1) / (rows * columns));
      await pause();
    }
  }
  return restored;
}

/** Turn a picture as EXIF asks: 1 to 4 keep its sides, 5 to 8 exchange them. */
function turned(picture: OffscreenCanvas, description: Description): OffscreenCanvas {
  if (description.orientation === 1) return picture;
  const { width, height } = picture;
  const exchanged = description.orientation > 4;
  const canvas = new OffscreenCanvas(exchanged ? height : width, exchanged ? width : height);
  const colorSpace = description.profile === "display-p3" ? "display-p3" : "srgb";
  const target = context(canvas, colorSpace);
  // Where the picture's x and y go, and its corner (TIFF 6.0, Orientation).
  const transforms: DOMMatrix2DInit[] = [
    {},
    { a: -1, d: 1, e: width },
    { a: -1, d: -1, e: width, f: height },
    { a: 1, d: -1, f: height },
    { a: 0, b: 1, c: 1, d: 0 },
    { a: 0, b: 1, c: -1, d: 0, e: height },
    { a: 0, b: -1, c: -1, d: 0, e: height, f: width },
    { a: 0, b: -1, c: 1, d: 0, f: width },
  ];
  target.setTransform(transforms[description.orientation - 1]);
  target.drawImage(picture, 0, 0);
  return canvas;
}

function context(
  canvas: OffscreenCanvas,
  colorSpace: PredefinedColorSpace,
): OffscreenCanvasRenderingContext2D {
  // Kept in memory that is read and written, not on the GPU.
  const options = { willReadFrequently: true, colorSpace };
  const found = canvas.getContext("2d", options);
  if (found === null) throw new ComrecError("unsupported", "the browser has no canvas in workers");
  return found;
}

const channel = new MessageChannel();

/** Let the messages in that wait, say that the picture is no longer wanted. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}
