/** Restores one picture in a worker: decoder, tiles, network. */

import { ofTables } from "./condition.js";
import { type Blocks, type Thresholds, chosenRows, transform } from "./damage.js";
import type { Engine, Network } from "./engine.js";
import { ComrecError } from "./errors.js";
import { type Description, type Inspected, inspectFile } from "./inspect.js";
import { findPair } from "./manifest.js";
import type { Job } from "./messages.js";
import { bare } from "./metadata.js";
import { type Treatment, treat, whole } from "./ordinary.js";
import * as tiles from "./tiles.js";

/** What a restoration reports and checks while it runs. */
export interface Watch {
  /** @param share - of the tiles that are done, 0 to 1. */
  progress(share: number): void;
  /** @throws if the picture is no longer wanted. */
  check(): void;
}

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
  if (kind === "plain" || (kind === "ordinary" && job.ordinary === "leave")) {
    return decodeFor(inspected, false);
  }
  const manifest = await engine.manifest();
  // Before decoding, so that a picture of an unknown pair costs nothing.
  const pair = findPair(manifest, presetId, scale);
  const { width, height } = inspected.description;
  if (tiles.isTooThin(width, height, pair)) {
    throw new ComrecError("size", `a picture of ${width}x${height} pixels is too thin to restore`);
  }
  const decoded = await decodeFor(inspected, true);
  try {
    const { sampling } = inspected.frame;
    const rule = kind === "ordinary" ? manifest.ordinary : null;
    const treatment = rule
      ? treat(rule, inspected.tables, sampling, blocksOf(decoded, rule))
      : whole(ofTables(step, inspected.tables, sampling === "1x1"));
    if (treatment === null) return await decodeFor(inspected, false);
    watch.check();
    const network = await engine.network(pair);
    watch.check();
    const restored = await restoreByTiles(
      decoded,
      inspected.description,
      treatment,
      network,
      watch,
    );
    return turned(restored, inspected.description).transferToImageBitmap();
  } finally {
    decoded.close();
  }
}

/**
 * Let the browser decode the JPEG.
 *
 * @param forNetwork - whether to decode the pixels as they are coded, neither turned nor converted;
 *   otherwise the picture as it is to be shown.
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

/** The coefficients that show how a picture was damaged. */
function blocksOf(decoded: ImageBitmap, thresholds: Thresholds): Blocks {
  const { width, height } = decoded;
  const source = context(new OffscreenCanvas(width, 8), "srgb");
  const rows = chosenRows(width, height, thresholds).map((top) => {
    source.drawImage(decoded, 0, top, width, 8, 0, 0, width, 8);
    return transform(source.getImageData(0, 0, width, 8).data, width);
  });
  const blocks = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  rows.forEach((row, index) => blocks.set(row, index * row.length));
  return blocks;
}

/** Tile by tile: beside the decoded and the restored picture only one row of tiles is held. */
async function restoreByTiles(
  decoded: ImageBitmap,
  { width, height, grey, profile }: Description,
  treatment: Treatment,
  network: Network,
  watch: Watch,
): Promise<OffscreenCanvas> {
  const { pair } = network;
  const blended = treatment.luma < 1 || treatment.chroma < 1;
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
      const values = await network.run(treatment.conditions);
      if (blended) tiles.blend(values, strip, row, column, pair, treatment, grey);
      tiles.store(pixels.data, values, grey);
      target.putImageData(pixels, column * pair.side, row * pair.side);
      watch.progress((row * columns + column + 1) / (rows * columns));
      await pause();
    }
  }
  return restored;
}

/** Turn a picture as its EXIF says: 1 to 4 keep its sides, 5 to 8 exchange them. */
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
  // Kept in main memory, not on the GPU: it is read and written often.
  const options = { willReadFrequently: true, colorSpace };
  const found = canvas.getContext("2d", options);
  if (found === null) throw new ComrecError("unsupported", "the browser has no canvas in workers");
  return found;
}

const channel = new MessageChannel();

/** Let waiting messages in, for example that the picture is no longer wanted. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}
