/** The metadata that decides how a JPEG is shown: EXIF orientation and colour profile. */

import { APP0, COM, isApplication, type Part } from "./jpeg.js";

/** The colour space of the pixels; the browser converts those of "other" profiles. */
export type Profile = "srgb" | "display-p3" | "other";

const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
const ORIENTATION = 0x0112;

/**
 * Read the EXIF orientation.
 *
 * @param all - the file's parts.
 * @returns 1 to 8; 1, upright, if the file says nothing valid.
 */
export function orientation(all: Part[]): number {
  const exif = all.find((part) => part.marker === APP1 && startsWith(part.content, "Exif\0\0"));
  if (exif === undefined) return 1;
  const { buffer, byteOffset, byteLength } = exif.content;
  const tiff = new DataView(buffer, byteOffset + 6, byteLength - 6);
  if (tiff.byteLength < 8) return 1;
  const little = tiff.getUint16(0) === 0x4949; // "II"
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return 1;
  const count = tiff.getUint16(directory, little);
  for (let index = 0; index < count; index++) {
    const entry = directory + 2 + 12 * index;
    if (entry + 12 > tiff.byteLength) return 1;
    if (tiff.getUint16(entry, little) === ORIENTATION) {
      const value = tiff.getUint16(entry + 8, little);
      return value >= 1 && value <= 8 ? value : 1;
    }
  }
  return 1;
}

/**
 * Tell the colour profile by its name.
 *
 * @param all - the file's parts.
 */
export function profile(all: Part[]): Profile {
  const first = all.find(isProfile);
  if (first === undefined) return "srgb";
  // Names are ASCII in profiles of version 2, UTF-16 in those of version 4.
  const text = Array.from(first.content.subarray(0, 4096), (byte) =>
    byte === 0 ? "" : String.fromCharCode(byte),
  ).join("");
  if (text.includes("Display P3")) return "display-p3";
  return text.includes("sRGB") ? "srgb" : "other";
}

/**
 * Join a file without what would make browsers turn its pixels or convert their colours.
 *
 * @param all - the file's parts.
 * @param keepProfile - whether the profile stays.
 * @returns pieces that make up a JPEG with the same coded pixels. APP0 and APP14 say how colours
 *   are coded and stay.
 */
export function bare(all: Part[], keepProfile: boolean): Uint8Array[] {
  return all
    .filter((part) => {
      const says = part.marker === APP0 || part.marker === APP14 || (keepProfile && isProfile(part));
      return part.marker !== COM && (says || !isApplication(part.marker));
    })
    .map(({ bytes }) => bytes);
}

const isProfile = (part: Part): boolean =>
  part.marker === APP2 && startsWith(part.content, "ICC_PROFILE\0");

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  bytes.length >= text.length && [...text].every((char, i) => bytes[i] === char.charCodeAt(0));
