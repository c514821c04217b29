/** How much of an ordinary JPEG is restored; twin of `compression/jpeg_restoration.py`. */

import { type Tables, ofStandard, ofTables } from "./condition.js";
import { type Blocks, type Thresholds, earlierQuality, isDrawn, isPattern } from "./damage.js";

/** A piecewise linear curve: qualities, then values. */
type Curve = [number[], number[]];

/** The rule, which Python measured and writes into models.json; see `web_site.write_models`. */
export interface Rule extends Thresholds {
  /** Id of the full-size pair that restores them. */
  pair: string;
  /** The standard's luma steps at qualities 1 to 100, 64 bytes each, base64. */
  tables: string;
  /** The first four numbers of `ofTables` at these qualities, for a colour picture. */
  conditions: number[][];
  /** Shares of luma and chroma at qualities, by sampling (see `Frame`) or "other"; 0 above. */
  shares: Record<string, [number[], number[], number[]]>;
  /** Factor on these shares for text and other drawings. */
  drawn: Curve;
}

/** How a picture is restored. */
export interface Treatment {
  /** What the network is told, see `ofTables`. */
  conditions: Float32Array;
  /** The shares of what the network changes that are applied, 0 to 1. */
  luma: number;
  chroma: number;
}

/** How a compact file is restored: completely. */
export const whole = (conditions: Float32Array): Treatment => ({ conditions, luma: 1, chroma: 1 });

/**
 * Decide on a picture.
 *
 * @param steps - of the file.
 * @param sampling - as in `Frame`.
 * @param blocks - of the decoded picture.
 * @returns null if it is to be left as it is.
 */
export function treat(
  rule: Rule,
  steps: Tables,
  sampling: string,
  blocks: Blocks,
): Treatment | null {
  const tables = Uint8Array.from(atob(rule.tables), (char) => char.charCodeAt(0));
  const standard = (quality: number): Uint8Array =>
    tables.subarray(64 * (quality - 1), 64 * quality);
  const fitted = fitQuality(steps.luma, standard);
  const earlier = earlierQuality(blocks, steps.luma, fitted, standard, rule);
  const quality = earlier ?? fitted;
  if (isPattern(blocks, rule)) return null;
  const strength = isDrawn(blocks, rule) ? at(rule.drawn, quality) : 1;
  const shares = rule.shares[Object.hasOwn(rule.shares, sampling) ? sampling : "other"];
  const [luma, chroma] = shares
    .slice(1)
    .map((values) => (quality > shares[0].at(-1)! ? 0 : strength * at([shares[0], values], quality)));
  if (luma <= 0 && chroma <= 0) return null;
  const full = sampling === "1x1";
  // An earlier compression had other tables than the file, most likely the standard's.
  const conditions =
    earlier === null
      ? ofTables(standard(quality)[0], steps, full)
      : ofStandard(rule.conditions[quality - 1], steps.chroma === null, full);
  return { conditions, luma, chroma };
}

/** The quality of libjpeg whose table is nearest, by least squares of the logarithm. */
export function fitQuality(
  table: ArrayLike<number>,
  standard: (quality: number) => ArrayLike<number>,
): number {
  let [best, least] = [1, Infinity];
  for (let quality = 1; quality <= 100; quality++) {
    const steps = standard(quality);
    let error = 0;
    for (let index = 0; index < 64; index++) {
      error += Math.log(table[index] / steps[index]) ** 2;
    }
    if (error < least) [best, least] = [quality, error];
  }
  return best;
}

/** As NumPy's `interp`. */
function at([places, values]: Curve, place: number): number {
  const next = places.findIndex((each) => each >= place);
  if (next < 0) return values.at(-1)!;
  if (next === 0) return values[0];
  const share = (place - places[next - 1]) / (places[next] - places[next - 1]);
  return values[next - 1] + share * (values[next] - values[next - 1]);
}
