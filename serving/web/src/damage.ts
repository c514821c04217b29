/** Damage that the tables of a JPEG do not describe; twin of `compression/jpeg_damage.py`. */

/** The thresholds, which Python writes into models.json; named as there. */
export interface Thresholds {
  max_blocks: number;
  low: number[];
  high: number[];
  coarser: number;
  enough: number;
  clear: number;
  as_clear: number;
  smallest: number;
  calmest: number;
  max_calm: number;
  busiest: number;
  max_busy: number;
  flat: number;
}

/** Coefficients of 8x8 blocks, 64 each, rows of vertical frequency. */
export type Blocks = Float32Array;

const SIDE = 8;
const SIZE = 64;
const BASIS = Float32Array.from({ length: SIZE }, (_, index) => {
  const [frequency, place] = [index >> 3, index & 7];
  const wave = Math.cos(((2 * place + 1) * frequency * Math.PI) / 16) / 2;
  return frequency ? wave : wave / Math.SQRT2;
});

/**
 * Which rows of blocks are looked at, spread evenly.
 *
 * @returns their first rows of pixels.
 */
export function chosenRows(width: number, height: number, { max_blocks }: Thresholds): number[] {
  const [rows, columns] = [height >> 3, width >> 3];
  const every = Math.max(1, Math.ceil((rows * columns) / max_blocks));
  return columns
    ? Array.from({ length: Math.ceil(rows / every) }, (_, index) => index * every * SIDE)
    : [];
}

/**
 * Transform the luma of a row of blocks.
 *
 * @param rgba - eight rows of pixels.
 * @param width - of the rows; what is beyond whole blocks is left out.
 */
export function transform(rgba: Uint8ClampedArray, width: number): Blocks {
  const columns = width >> 3;
  const blocks = new Float32Array(columns * SIZE);
  const [luma, half] = [new Float32Array(SIZE), new Float32Array(SIZE)];
  for (let column = 0; column < columns; column++) {
    for (let at = 0; at < SIZE; at++) {
      const from = 4 * ((at >> 3) * width + column * SIDE + (at & 7));
      luma[at] = 0.299 * rgba[from] + 0.587 * rgba[from + 1] + 0.114 * rgba[from + 2] - 128;
    }
    // Along the rows, then along the columns.
    for (let at = 0; at < SIZE; at++) half[at] = dot(luma, at & 56, 1, at & 7);
    for (let at = 0; at < SIZE; at++) {
      blocks[column * SIZE + at] = dot(half, at & 7, SIDE, at >> 3);
    }
  }
  return blocks;
}

function dot(values: Float32Array, start: number, stride: number, frequency: number): number {
  let sum = 0;
  for (let place = 0; place < SIDE; place++) {
    sum += values[start + place * stride] * BASIS[frequency * SIDE + place];
  }
  return sum;
}

/**
 * Find the quality of an earlier, coarser compression with the same grid of blocks.
 *
 * @param table - steps of luma of the file, rows of vertical frequency.
 * @param quality - what they are like.
 * @param standard - the standard's steps at a quality.
 * @returns libjpeg's quality, below `quality`, or null.
 */
export function earlierQuality(
  blocks: Blocks,
  table: ArrayLike<number>,
  quality: number,
  standard: (quality: number) => ArrayLike<number>,
  { low, coarser, enough, clear, as_clear, smallest }: Thresholds,
): number | null {
  const found: [number, number][] = [];
  for (let candidate = 1; candidate < quality; candidate++) {
    const steps = standard(candidate);
    const shown = low.filter((index) => steps[index] >= coarser * table[index]);
    let [sum, count] = [0, 0];
    for (const index of shown) {
      for (let at = index; at < blocks.length; at += SIZE) {
        const scaled = Math.abs(blocks[at]) / steps[index];
        // Smaller coefficients are near zero in any case.
        if (scaled > smallest) {
          sum += Math.cos(2 * Math.PI * scaled);
          count++;
        }
      }
    }
    if (count >= enough) found.push([candidate, sum / count]);
  }
  const clearest = Math.max(0, ...found.map(([, value]) => value));
  if (clearest < clear) return null;
  return found.find(([, value]) => value >= as_clear * clearest)![0];
}

/** Tell whether a picture is a pattern of high frequencies all over. */
export function isPattern(blocks: Blocks, { high, calmest, max_calm }: Thresholds): boolean {
  return blocks.length > 0 && quantile(energy(blocks, high), calmest) > max_calm;
}

/** Tell whether a picture is text, a screen or a drawing, and no photo. */
export function isDrawn(blocks: Blocks, { high, busiest, max_busy, flat }: Thresholds): boolean {
  const all = energy(
    blocks,
    Array.from({ length: SIZE - 1 }, (_, index) => index + 1),
  );
  const busy = energy(blocks, high).filter((_, index) => all[index] > flat);
  return busy.length > 0 && quantile(busy, busiest) > max_busy;
}

/** Root mean square of some frequencies of each block. */
function energy(blocks: Blocks, frequencies: number[]): Float64Array {
  return Float64Array.from({ length: blocks.length / SIZE }, (_, block) => {
    let sum = 0;
    for (const index of frequencies) sum += blocks[block * SIZE + index] ** 2;
    return Math.sqrt(sum / frequencies.length);
  });
}

/** NumPy's `quantile`: linear between the sorted values. */
function quantile(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = sorted[Math.min(below + 1, sorted.length - 1)];
  return sorted[below] + (place - below) * (above - sorted[below]);
}
