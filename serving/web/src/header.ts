/** What a compact file says about itself: the ComRec data in its segment APP9. */

import { crc32 } from "./crc32.js";
import { ComrecError } from "./errors.js";
import { type Frame, type Part, COM, SOS, isApplication } from "./jpeg.js";

/** What is needed to restore a compact file. */
export interface Header {
  /** Version of the layout, 1 or 3. */
  version: number;
  /** Which pair of networks made the picture, eight hexadecimal digits; `PLAIN` for none. */
  presetId: string;
  /** How many times smaller the compact picture is, 1 or 2. */
  scale: number;
  grey: boolean;
  /** Quality of the codec, 1 to 100. */
  quality: number;
  /** Quantiser step that the network is told first, in grey levels. */
  step: number;
  /** Size of the original in pixels. */
  width: number;
  height: number;
}

/** Preset id of a file that holds the picture itself. */
export const PLAIN = "00000000";

const APP9 = 0xe9;
const MAGIC = 0x436f6d52; // "ComR"
const STEP_UNITS = 64;
const LENGTHS: Record<number, number> = { 1: 19, 3: 17 };

/**
 * Read the header of a compact file.
 *
 * @param file - the file.
 * @param all - its parts.
 * @param picture - its frame header, which the sizes in the header must fit.
 * @returns the header, or null if the file carries none.
 * @throws ComrecError "version" for a layout of a newer program; "damaged" for values out of range
 *   or sizes that do not fit the picture; "changed" if the picture is not the one that the header
 *   was written for (version 3).
 */
export function readHeader(file: Uint8Array, all: Part[], picture: Frame): Header | null {
  const part = all.find(
    ({ marker, content }) =>
      marker === APP9 && content.length >= 4 && view(content).getUint32(0) === MAGIC,
  );
  if (part === undefined) return null;
  const data = view(part.content);
  const version = data.byteLength > 4 ? data.getUint8(4) : 0;
  if (!(version in LENGTHS)) {
    throw new ComrecError(
      "version",
      `expected ComRec data of version 1 or 3; a newer module may read it. Received: ${version}`,
    );
  }
  if (data.byteLength < LENGTHS[version]) {
    throw new ComrecError("damaged", `the ComRec data must be ${LENGTHS[version]} bytes long`);
  }
  const header = version === 1 ? readFirst(data, picture) : readThird(data, picture);
  if (version === 3) checkPicture(file, all, data.getUint32(13));
  return header;
}

/** Version 1: the original's size in full. */
function readFirst(data: DataView, picture: Frame): Header {
  const layout = data.getUint8(9);
  const header = {
    ...common(data),
    scale: layout & ~4,
    height: data.getUint8(13) * 65536 + data.getUint16(14),
    width: data.getUint8(16) * 65536 + data.getUint16(17),
  };
  check(header);
  const fits = (size: number, compact: number) => Math.ceil(size / header.scale) === compact;
  if (!fits(header.height, picture.height) || !fits(header.width, picture.width)) {
    throw new ComrecError(
      "damaged",
      `expected a compact picture for ${header.width}x${header.height} pixels at scale ` +
        `${header.scale}. Received: ${picture.width}x${picture.height}`,
    );
  }
  return header;
}

/** Version 3: the original's size follows from the compact picture's. */
function readThird(data: DataView, picture: Frame): Header {
  const layout = data.getUint8(9);
  const scale = layout & 3;
  const header = {
    ...common(data),
    scale,
    height: scale * picture.height - ((layout >> 3) & 1),
    width: scale * picture.width - ((layout >> 4) & 1),
  };
  check(header);
  return header;
}

function common(data: DataView): Omit<Header, "scale" | "width" | "height"> {
  return {
    version: data.getUint8(4),
    presetId: data.getUint32(5).toString(16).padStart(8, "0"),
    grey: (data.getUint8(9) & 4) !== 0,
    quality: data.getUint8(10),
    step: data.getUint16(11) / STEP_UNITS,
  };
}

function check({ scale, quality, step, width, height }: Header): void {
  const valid =
    (scale === 1 || scale === 2) && quality >= 1 && quality <= 100 && step > 0 && width > 0;
  if (!valid || height < 1) {
    throw new ComrecError(
      "damaged",
      "expected ComRec data of scale 1 or 2, quality 1 to 100, a step and sizes above 0. " +
        `Received: scale=${scale}, quality=${quality}, step=${step}, size=${width}x${height}`,
    );
  }
}

/**
 * Programs may drop and add application and comment segments in front of the first scan; all else
 * must be as it was (`carriers.checksum` in Python).
 */
function checkPicture(file: Uint8Array, all: Part[], expected: number): void {
  const first = all.findIndex(({ marker }) => marker === SOS);
  const head = all.slice(0, Math.max(first, 0));
  const kept = head.filter(({ marker }) => !isApplication(marker) && marker !== COM);
  const length = head.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const received = crc32([...kept.map(({ bytes }) => bytes), file.subarray(length)]);
  if (received !== expected) {
    throw new ComrecError(
      "changed",
      "the picture is not the one that its ComRec data were written for: it was changed, or is " +
        "damaged",
    );
  }
}

const view = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
