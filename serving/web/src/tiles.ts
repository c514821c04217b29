/** Where tiles are in a picture, and how pixels get into them and out again. */

/** Sizes of a model's tiles in pixels. */
export interface TileShape {
  /** Height and width of a restored tile. */
  side: number;
  /** How many times smaller the decoded picture is. */
  scale: number;
  /** Pixels of the decoded picture that are read around a tile on each side. */
  halo: number;
}

/** RGBA pixels of whole rows of a picture. */
export interface Strip {
  data: Uint8ClampedArray;
  /** Pixels in a row. */
  width: number;
  /** The picture's row that comes first. */
  top: number;
  /** How many rows there are, at least 1. */
  rows: number;
}

/** Height and width of what a model reads. */
export const inputSide = ({ side, scale, halo }: TileShape): number => side / scale + 2 * halo;

/** How many tiles it takes along `size` pixels of the restored picture. */
export const count = (size: number, { side }: TileShape): number => Math.ceil(size / side);

/** A picture may cost so many times its own pixels, plus so many pixels. */
const PADDING = { factor: 8, pixels: 4_000_000 };

/**
 * Tell whether a picture is so thin that its tiles are mostly padding.
 *
 * @returns true if restoring costs more than is reasonable for its pixels.
 */
export function isTooThin(width: number, height: number, shape: TileShape): boolean {
  const work = count(width, shape) * count(height, shape) * (inputSide(shape) * shape.scale) ** 2;
  return work > PADDING.factor * width * height + PADDING.pixels;
}

/**
 * Which rows of the decoded picture a row of tiles reads.
 *
 * @param index - of the row of tiles.
 * @param height - of the decoded picture.
 * @returns the first row and how many.
 */
export function rowsOf(index: number, height: number, shape: TileShape): [number, number] {
  const start = (index * shape.side) / shape.scale - shape.halo;
  const top = Math.min(Math.max(start, 0), height - 1);
  return [top, Math.min(start + inputSide(shape), height) - top];
}

/**
 * Fill a model's input with a tile and its halo; beyond the picture its edge is repeated.
 *
 * @param tile - receives RGB in grey levels, `inputSide` squared times 3.
 * @param strip - the rows that `rowsOf` names.
 * @param row, column - which tile.
 */
export function fill(
  tile: Float32Array,
  strip: Strip,
  row: number,
  column: number,
  shape: TileShape,
): void {
  const side = inputSide(shape);
  const top = (row * shape.side) / shape.scale - shape.halo - strip.top;
  const left = (column * shape.side) / shape.scale - shape.halo;
  let to = 0;
  for (let y = top; y < top + side; y++) {
    const line = Math.min(Math.max(y, 0), strip.rows - 1) * strip.width;
    for (let x = left; x < left + side; x++) {
      const from = 4 * (line + Math.min(Math.max(x, 0), strip.width - 1));
      tile[to] = strip.data[from];
      tile[to + 1] = strip.data[from + 1];
      tile[to + 2] = strip.data[from + 2];
      to += 3;
    }
  }
}

/**
 * Apply only a share of what was restored, at full size.
 *
 * @param values - RGB of the restored tile in grey levels, not rounded; changed in place.
 * @param strip - the decoded rows of the tile.
 * @param row, column - which tile.
 * @param luma, chroma - the shares, 0 to 1.
 * @param grey - whether the luma of the values is what was restored.
 */
export function blend(
  values: Float32Array,
  strip: Strip,
  row: number,
  column: number,
  { side }: TileShape,
  { luma, chroma }: { luma: number; chroma: number },
  grey: boolean,
): void {
  const [top, left] = [row * side - strip.top, column * side];
  const [height, width] = [Math.min(side, strip.rows - top), Math.min(side, strip.width - left)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = 3 * (y * side + x);
      const from = 4 * ((top + y) * strip.width + left + x);
      if (grey) values.fill(lumaAt(values, to), to, to + 3);
      const change = (c: number): number =>
        Math.min(Math.max(values[to + c], 0), 255) - strip.data[from + c];
      const [red, green, blue] = [change(0), change(1), change(2)];
      const more = (luma - chroma) * (0.299 * red + 0.587 * green + 0.114 * blue);
      values[to] = strip.data[from] + chroma * red + more;
      values[to + 1] = strip.data[from + 1] + chroma * green + more;
      values[to + 2] = strip.data[from + 2] + chroma * blue + more;
    }
  }
}

/**
 * Store a restored tile as opaque bytes, saturated and rounded half to even.
 *
 * @param pixels - receives RGBA.
 * @param values - RGB in grey levels, unrounded.
 * @param grey - whether the luma of the values is stored as all three colours.
 */
export function store(pixels: Uint8ClampedArray, values: Float32Array, grey: boolean): void {
  for (let from = 0, to = 0; from < values.length; from += 3, to += 4) {
    if (grey) {
      pixels[to] = pixels[to + 1] = pixels[to + 2] = lumaAt(values, from);
    } else {
      pixels[to] = values[from];
      pixels[to + 1] = values[from + 1];
      pixels[to + 2] = values[from + 2];
    }
    pixels[to + 3] = 255;
  }
}

const lumaAt = (rgb: Float32Array, at: number): number =>
  0.299 * rgb[at] + 0.587 * rgb[at + 1] + 0.114 * rgb[at + 2];
