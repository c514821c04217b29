/** Small JPEGs without pixels, and cases from the fixtures, for tests of what reads files. */

import { readFileSync } from "node:fs";
import path from "node:path";

import { SITE } from "./server.mjs";

/** A file of the cases. */
export const read = (name) => new Uint8Array(readFileSync(path.join(SITE, "cases", name)));

/** One segment. */
export const segment = (marker, content) => [
  0xff,
  marker,
  (content.length + 2) >> 8,
  (content.length + 2) & 255,
  ...content,
];

/** A frame header: sampling factors of luma as they are coded, and which table chroma uses. */
export const frameSegment = (
  width,
  height,
  components = 3,
  { marker = 0xc0, luma = 0x11, chromaTable = 0 } = {},
) =>
  segment(marker, [
    8,
    height >> 8,
    height & 255,
    width >> 8,
    width & 255,
    components,
    ...Array.from({ length: components }, (_, index) =>
      index ? [index + 1, 0x11, chromaTable] : [1, luma, 0],
    ).flat(),
  ]);

export const table = (number, step) => segment(0xdb, [number, step, ...Array(63).fill(step)]);

/** A JPEG of the given segments, with a scan of a few bytes. */
export const jpeg = (...segments) =>
  Uint8Array.from([
    0xff,
    0xd8,
    ...segments.flat(),
    ...segment(0xda, [1, 1, 0, 0, 63, 0]),
    ...[0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56, 0xff, 0xd9],
  ]);

/** ComRec data of version 1. */
export const first = ({ id = 7, layout = 2, quality = 40, step = 1024, height = 9, width = 11 }) =>
  segment(0xe9, [
    ...[..."ComR"].map((char) => char.charCodeAt(0)),
    1,
    ...[24, 16, 8, 0].map((shift) => (id >>> shift) & 255),
    layout,
    quality,
    step >> 8,
    step & 255,
    height >> 16,
    (height >> 8) & 255,
    height & 255,
    width >> 16,
    (width >> 8) & 255,
    width & 255,
  ]);
