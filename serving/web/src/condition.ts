/** What networks are told of a file's coding; twin of `codecs/condition.py`. */

/** Steps of a JPEG in grey levels, 64 each, rows of vertical frequency. */
export interface Tables {
  luma: ArrayLike<number>;
  /** Of the second component; null of a grey picture. A step of 0, of a damaged file, counts as 1. */
  chroma: ArrayLike<number> | null;
}

/** JPEG's step at quality 50, of which networks are told the ratio. */
const MIDDLE_STEP = 16;
const SIZE = 64;
/** At most three half waves, across and down together. */
const isLow = (index: number): boolean => (index >> 3) + (index & 7) <= 3;
const ALL = Array.from({ length: SIZE }, (_, index) => index);
const LOW = ALL.filter(isLow);
const HIGH = ALL.filter((index) => !isLow(index));

/**
 * Say what is known of a JPEG.
 *
 * @param step - quantiser step in grey levels.
 * @param full - whether chroma has as many samples as luma.
 * @returns five numbers: the logarithm of the step over 16, and its mean over the steps of luma's low
 *   frequencies, of its other frequencies, and of chroma (of luma for a grey picture); 1 where
 *   chroma is full, else 0.
 */
export function ofTables(step: number, { luma, chroma }: Tables, full: boolean): Float32Array {
  return Float32Array.of(
    Math.log(step / MIDDLE_STEP),
    mean(luma, LOW),
    mean(luma, HIGH),
    mean(chroma ?? luma, ALL),
    full && chroma !== null ? 1 : 0,
  );
}

/**
 * Say what is known of a JPEG with the standard's tables.
 *
 * @param told - the first four numbers for a colour picture.
 * @param grey - whether it is a grey one.
 * @param full - as in `ofTables`.
 * @returns as `ofTables`.
 */
export function ofStandard(told: number[], grey: boolean, full: boolean): Float32Array {
  const [step, low, high, chroma] = told;
  const luma = (LOW.length * low + HIGH.length * high) / SIZE;
  return Float32Array.of(step, low, high, grey ? luma : chroma, full && !grey ? 1 : 0);
}

function mean(steps: ArrayLike<number>, places: number[]): number {
  const sum = places.reduce((sum, place) => sum + Math.log(Math.max(steps[place], 1) / MIDDLE_STEP), 0);
  return sum / places.length;
}
