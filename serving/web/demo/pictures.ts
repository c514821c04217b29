/** The pictures that the demo compares: from an example, a compact file, a JPEG or any photo. */

import { type Description, inspect, restore } from "comrec";

/** One picture of a comparison. */
export interface Shown {
  name: string;
  bitmap: ImageBitmap;
  /** Of the file; null if there is none. */
  bytes: number | null;
  /** How long it took to make; null if it was not made here. */
  milliseconds: number | null;
}

/** Pictures to compare, and a text about them. */
export interface Comparison {
  said: string;
  pictures: Shown[];
  /** Which two are compared first. */
  first: [number, number];
}

/** An entry of examples/examples.json, which the export writes. */
export interface Example {
  title: string;
  compact: string;
  plain: string;
  original: string;
  credit: string;
}

/** Folder of the examples, beside the script whatever page it is on. */
export const EXAMPLES = new URL("examples/", import.meta.url);

type Progress = { onprogress: (share: number) => void; signal: AbortSignal };

/** Compare an example: the original, a plain JPEG no smaller, the compact file restored. */
export async function compareExample(example: Example, watch: Progress): Promise<Comparison> {
  const [compact, plain, original] = await Promise.all(
    [example.compact, example.plain, example.original].map(async (name) => {
      const response = await fetch(new URL(name, EXAMPLES), { signal: watch.signal });
      if (!response.ok) throw new Error(`${name} cannot be loaded: status ${response.status}`);
      return response.blob();
    }),
  );
  const restored = await timed("restored", compact, watch);
  return {
    said: `${example.title}: a compact file, and a plain JPEG that is no smaller. ${example.credit}`,
    pictures: [
      await decoded("original", original, null),
      await decoded("plain JPEG", plain, plain.size),
      await decoded("compact file as it is", compact, compact.size),
      restored,
    ],
    first: [1, 3],
  };
}

/**
 * Compare a file that was dropped.
 *
 * @param quality - of the JPEG that the browser makes of a picture that is not a JPEG, or a fine one;
 *   5 to 80.
 * @returns the comparison, and whether `quality` mattered.
 */
export async function compareFile(
  file: Blob,
  quality: number,
  watch: Progress,
): Promise<Comparison & { coded: boolean }> {
  const description = file.type === "image/jpeg" ? await inspect(file) : null;
  if (description !== null && description.kind !== "ordinary") {
    return { ...(await compareJpeg(file, description, watch)), coded: false };
  }
  // A JPEG that has something to restore is taken as it is.
  if (description !== null && description.step >= COARSE_STEP) {
    return { ...(await compareJpeg(file, description, watch)), coded: false };
  }
  const original = await decoded("original", file, file.size);
  const jpeg = await coded(original.bitmap, quality);
  return {
    said:
      `Your browser made an ordinary JPEG of quality ${quality} of it, which was restored as such. ` +
      "comrec_tf.compress makes smaller files: it searches, and its tables and networks fit.",
    pictures: [
      original,
      await decoded("plain JPEG", jpeg, jpeg.size),
      await timed("the same, restored", jpeg, watch),
    ],
    first: [1, 2],
    coded: true,
  };
}

/** DC step of luma at quality 75; finer JPEGs count as originals. */
const COARSE_STEP = 8;

async function compareJpeg(
  file: Blob,
  description: Description,
  watch: Progress,
): Promise<Comparison> {
  const { kind, scale, width, height } = description;
  const kinds = {
    compact: `A compact file at ${scale === 2 ? "half" : "full"} size`,
    plain: "A file of comrec_tf that holds the picture itself: there is nothing to restore",
    ordinary: "An ordinary JPEG",
  };
  return {
    said: `${kinds[kind]}, ${width}x${height} pixels.`,
    pictures: [
      await decoded(kind === "ordinary" ? "as it is" : "compact file as it is", file, file.size),
      await timed("restored", file, watch),
    ],
    first: [0, 1],
  };
}

async function decoded(name: string, file: Blob, bytes: number | null): Promise<Shown> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error("your browser cannot show this file");
  });
  return { name, bitmap, bytes, milliseconds: null };
}

async function timed(name: string, file: Blob, watch: Progress): Promise<Shown> {
  const start = performance.now();
  const bitmap = await restore(file, watch);
  return { name, bitmap, bytes: file.size, milliseconds: performance.now() - start };
}

async function coded(bitmap: ImageBitmap, quality: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("your browser has no canvas");
  // Transparent pictures are laid over white.
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  return canvas.convertToBlob({ type: "image/jpeg", quality: quality / 100 });
}
