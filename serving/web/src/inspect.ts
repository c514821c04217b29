/** What a file is and what restoring it takes, known before anything is decoded or loaded. */

import type { Tables } from "./condition.js";
import { ComrecError } from "./errors.js";
import { PLAIN, readHeader } from "./header.js";
import { type Frame, type Part, frame, parts, tables } from "./jpeg.js";
import { type Profile, orientation, profile } from "./metadata.js";

/**
 * - `compact`: a compact file of comrec_tf, restored by the pair that made it
 * - `plain`: a file of comrec_tf that holds the picture itself: nothing to restore
 * - `ordinary`: any other JPEG, restored by a full-size pair
 */
export type Kind = "compact" | "plain" | "ordinary";

/** What a file is. */
export interface Description {
  kind: Kind;
  /** The pair that a compact file names, eight hexadecimal digits; null for other kinds. */
  presetId: string | null;
  /** How many times smaller the decoded picture is than the restored one, 1 or 2. */
  scale: number;
  grey: boolean;
  /** Quantiser step in grey levels: what a compact file names; of an ordinary JPEG that of luma. */
  step: number;
  /** Size of the restored picture in pixels, before `orientation` turns it. */
  width: number;
  height: number;
  /** EXIF orientation, 1 to 8. */
  orientation: number;
  profile: Profile;
}

/** A file taken apart. */
export interface Inspected {
  description: Description;
  frame: Frame;
  parts: Part[];
  /** Of the JPEG, whatever its kind. */
  tables: Tables;
}

/**
 * Take a file apart and tell what it is.
 *
 * @param file - the whole JPEG.
 * @param maxPixels - of the restored picture.
 * @throws ComrecError "damaged", "version", "changed", "size", or "unsupported" for CMYK.
 */
export function inspectFile(file: Uint8Array, maxPixels: number): Inspected {
  const all = parts(file);
  const picture = frame(all);
  if (picture.components !== 1 && picture.components !== 3) {
    throw new ComrecError(
      "unsupported",
      `expected a grey or colour JPEG. Received: ${picture.components} components`,
    );
  }
  const header = readHeader(file, all, picture);
  const steps = tables(all, picture);
  const shown = { orientation: orientation(all), profile: profile(all) };
  const description: Description =
    header === null
      ? {
          kind: "ordinary",
          presetId: null,
          scale: 1,
          grey: picture.components === 1,
          step: steps.luma[0],
          width: picture.width,
          height: picture.height,
          ...shown,
        }
      : {
          kind: header.presetId === PLAIN ? "plain" : "compact",
          presetId: header.presetId === PLAIN ? null : header.presetId,
          scale: header.scale,
          grey: header.grey,
          step: header.step,
          width: header.width,
          height: header.height,
          ...shown,
        };
  const { width, height } = description;
  if (width * height > maxPixels) {
    throw new ComrecError(
      "size",
      `expected at most ${maxPixels} pixels (maxPixels). Received: ${width}x${height}`,
    );
  }
  return { description, frame: picture, parts: all, tables: steps };
}
