/** The parts of a JPEG file (ITU-T T.81, Annex B), read without decoding a pixel. */

import type { Tables } from "./condition.js";
import { ComrecError } from "./errors.js";

/** One marker with what belongs to it: its segment, and after SOS the coded data as well. */
export interface Part {
  /** Second byte of the marker. */
  marker: number;
  /** The whole part, the marker included; a view into the file. */
  bytes: Uint8Array;
  /** The segment's content, without marker and length; empty where there is none. */
  content: Uint8Array;
}

/** What the frame header says. */
export interface Frame {
  /** Pixels, 1 to 65535. */
  width: number;
  height: number;
  /** 1 for grey, 3 for colour, 4 for CMYK. */
  components: number;
  /** Which quantisation table luma uses, and which the second component; null for grey. */
  lumaTable: number;
  chromaTable: number | null;
  /** How many times more samples luma has than chroma, across and down, say "2x1"; or "grey". */
  sampling: string;
}

const SOI = 0xd8;
const EOI = 0xd9;
export const SOS = 0xda;
const DQT = 0xdb;
export const COM = 0xfe;
export const APP0 = 0xe0;
/** Frame headers: SOF0 to SOF15 without DHT, JPG and DAC, whose markers are between them. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** Whether a marker is that of an application's segment (APP0 to APP15). */
export const isApplication = (marker: number): boolean => marker >= 0xe0 && marker <= 0xef;

/** Whether the bytes begin as a JPEG does. */
export function isJpeg(file: Uint8Array): boolean {
  return file.length > 3 && file[0] === 0xff && file[1] === SOI && file[2] === 0xff;
}

/**
 * Take a file apart.
 *
 * @param file - the whole file.
 * @returns its parts from SOI to EOI; bytes behind EOI are left out.
 * @throws ComrecError "damaged" if the bytes are not a JPEG, or a file that is cut short.
 */
export function parts(file: Uint8Array): Part[] {
  if (!isJpeg(file)) throw damaged("the bytes are not a JPEG file");
  const found: Part[] = [{ marker: SOI, bytes: file.subarray(0, 2), content: file.subarray(2, 2) }];
  let start = 2;
  while (start < file.length) {
    if (file[start] !== 0xff) throw damaged(`expected a marker at byte ${start}`);
    let position = start + 1;
    while (file[position] === 0xff) position++; // fill bytes (B.1.1.2)
    const marker = file[position++];
    if (marker === undefined) break;
    if (marker === EOI) {
      found.push({ marker, bytes: file.subarray(start, position), content: file.subarray(0, 0) });
      return found;
    }
    const length = position + 2 <= file.length ? file[position] * 256 + file[position + 1] : 0;
    if (length < 2 || position + length > file.length) {
      throw damaged(`the segment at byte ${start} is cut short`);
    }
    const content = file.subarray(position + 2, position + length);
    position += length;
    if (marker === SOS) position = endOfScan(file, position);
    found.push({ marker, bytes: file.subarray(start, position), content });
    start = position;
  }
  // Browsers show a part of it; a network would take the grey rest for a part of the picture.
  throw damaged("the file is cut short: it has no end");
}

/** Coded data end at a marker that is neither a restart nor a stuffed byte (F.1.2.3, E.1.4). */
function endOfScan(file: Uint8Array, start: number): number {
  let position = start;
  while (position + 1 < file.length) {
    if (file[position] !== 0xff) {
      position++;
      continue;
    }
    const next = file[position + 1];
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return position;
    position += next === 0xff ? 1 : 2;
  }
  return file.length;
}

/**
 * Read the frame header.
 *
 * @param all - what `parts` returned.
 * @throws ComrecError "damaged" if there is none or it says something impossible.
 */
export function frame(all: Part[]): Frame {
  const content = all.find((part) => isFrame(part.marker))?.content;
  if (content === undefined || content.length < 6) throw damaged("the JPEG has no frame header");
  const [, high, low, wide, narrow, components] = content;
  const [height, width] = [high * 256 + low, wide * 256 + narrow];
  if (height < 1 || width < 1 || content.length < 6 + 3 * components || components < 1) {
    throw damaged(`the frame header says ${width}x${height} pixels, ${components} components`);
  }
  const grey = components === 1;
  const sampling = grey ? "grey" : ratio(content[7], content[10]);
  const chromaTable = grey ? null : content[11];
  return { width, height, components, lumaTable: content[8], chromaTable, sampling };
}

/** The ratio of two pairs of sampling factors, four bits each. */
const ratio = (luma: number, chroma: number): string =>
  `${(luma >> 4) / (chroma >> 4)}x${(luma & 15) / (chroma & 15)}`;

/** The places of a block's coefficients, in the order of a file (figure A.6). */
const ZIGZAG = Array.from({ length: 64 }, (_, index) => index).sort((a, b) => {
  const [row, other] = [a >> 3, b >> 3];
  const diagonal = row + (a & 7);
  return diagonal - other - (b & 7) || (diagonal % 2 ? row - other : other - row);
});

/**
 * Read the quantisation tables of luma and of the second component.
 *
 * @param all - what `parts` returned.
 * @throws ComrecError "damaged" if luma's is missing, or one is cut short.
 */
export function tables(all: Part[], { lumaTable, chromaTable }: Frame): Tables {
  const luma = steps(all, lumaTable);
  // Where its table comes only behind the first scan, it is taken as luma's.
  return { luma, chroma: chromaTable === null ? null : steps(all, chromaTable, luma) };
}

/**
 * Read one quantisation table, the last that is defined before the first scan.
 *
 * @param all - what `parts` returned.
 * @param table - which, 0 to 3.
 * @param otherwise - what is taken if there is no such table.
 * @returns 64 steps in grey levels, 1 to 65535, rows of vertical frequency.
 * @throws ComrecError "damaged" if there is no such table.
 */
export function steps(all: Part[], table: number, otherwise?: Uint16Array): Uint16Array {
  const found = new Uint16Array(64);
  for (const { marker, content } of all) {
    if (marker === SOS) break;
    if (marker !== DQT) continue;
    for (let position = 0; position < content.length; ) {
      const wide = content[position] >> 4;
      const size = 1 + 64 * (wide ? 2 : 1);
      if (position + size > content.length) throw damaged("a quantisation table is cut short");
      if ((content[position] & 15) === table) {
        ZIGZAG.forEach((place, index) => {
          const at = position + 1 + (wide ? 2 * index : index);
          found[place] = wide ? content[at] * 256 + content[at + 1] : content[at];
        });
      }
      position += size;
    }
  }
  if (otherwise !== undefined && !found.some((step) => step > 0)) return otherwise;
  if (found.includes(0)) throw damaged(`the JPEG has no quantisation table ${table}`);
  return found;
}

const damaged = (message: string): ComrecError => new ComrecError("damaged", message);
