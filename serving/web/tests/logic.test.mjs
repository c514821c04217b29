/** Reading files and cutting tiles: arithmetic that needs no browser. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";

import { crc32 } from "../build/crc32.js";
import { inspectFile } from "../build/inspect.js";
import { frame, parts, steps } from "../build/jpeg.js";
import { findPair, isManifest } from "../build/manifest.js";
import * as metadata from "../build/metadata.js";
import * as tiles from "../build/tiles.js";
import { first, frameSegment, jpeg, read, segment, table } from "./files.mjs";
import { SITE } from "./server.mjs";

const fails = (code, received) => (error) => {
  assert.equal(error.name, "ComrecError");
  assert.equal(error.code, code);
  assert.match(error.message, received ?? /./);
  return true;
};
const inspect = (file, maxPixels = 1e6) => inspectFile(file, maxPixels).description;
const ascii = (text) => [...text].map((char) => char.charCodeAt(0));

test("a checksum is that of zlib", () => {
  const known = new TextEncoder().encode("123456789");
  assert.equal(crc32([known]), 0xcbf43926);
  assert.equal(crc32([known.subarray(0, 4), known.subarray(4)]), 0xcbf43926);
  if (zlibCrc32) assert.equal(crc32([read("scale1.jpg")]), zlibCrc32(read("scale1.jpg")));
});

describe("the parts of a JPEG", () => {
  test("are all of it, in order", () => {
    for (const name of ["scale1.jpg", "ordinary_444_progressive.jpg", "grey.jpg"]) {
      const file = read(name);
      const joined = parts(file).flatMap(({ bytes }) => [...bytes]);
      assert.deepEqual(joined, [...file]);
    }
  });
  test("end with the picture: what is behind it is not among them", () => {
    const file = jpeg(table(0, 9), frameSegment(4, 4));
    const joined = parts(Uint8Array.from([...file, 1, 2, 3])).flatMap(({ bytes }) => [...bytes]);
    assert.deepEqual(joined, [...file]);
  });
  test("may be preceded by fill bytes", () => {
    const file = jpeg([0xff, 0xff, ...table(0, 9)], frameSegment(4, 5));
    assert.equal(frame(parts(file)).height, 5);
  });
  for (const [what, file] of Object.entries({
    "no bytes": new Uint8Array(),
    "a PNG": Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
    "a segment that is cut short": jpeg(table(0, 9)).subarray(0, 20),
    "a segment of an impossible length": jpeg([0xff, 0xfe, 0, 1]),
    "rubbish between segments": jpeg(table(0, 9), [0, 1, 2]),
    "no frame header": jpeg(table(0, 9)),
    "a frame without height": jpeg(table(0, 9), frameSegment(4, 0)),
    "no table for luma": jpeg(table(1, 9), frameSegment(4, 4, 3, { chromaTable: 1 })),
    "half a table": jpeg(segment(0xdb, [0, 1, 2, 3]), frameSegment(4, 4)),
  })) {
    test(`${what} is refused`, () => assert.throws(() => inspect(file), fails("damaged")));
  }
  test("any cut of a file is read or refused, never worse", () => {
    const file = read("scale2_v3.jpg");
    for (let length = 0; length < file.length; length++) {
      try {
        inspect(file.subarray(0, length));
      } catch (error) {
        assert.equal(error.name, "ComrecError");
      }
    }
  });
  test("tables of 16 bits are read", () => {
    const wide = segment(0xdb, [0x10, 1, 4, ...Array(126).fill(1)]);
    assert.equal(steps(parts(jpeg(wide, frameSegment(4, 4, 1))), 0)[0], 260);
  });
  test("tables are put in rows", () => {
    const counted = segment(0xdb, [0, ...Array(64).keys()].map((step, at) => (at ? step + 1 : 0)));
    const found = steps(parts(jpeg(counted, frameSegment(4, 4, 1))), 0);
    // T.81, figure A.6.
    assert.deepEqual([...found.subarray(0, 8)], [1, 2, 6, 7, 15, 16, 28, 29]);
    assert.deepEqual([...found.subarray(56)], [36, 37, 49, 50, 58, 59, 63, 64]);
  });
  test("samplings have names", () => {
    const of = (name) => frame(parts(read(name))).sampling;
    assert.equal(of("ordinary_420.jpg"), "2x2");
    assert.equal(of("ordinary_422_60.jpg"), "2x1");
    assert.equal(of("ordinary_444_85.jpg"), "1x1");
    assert.equal(of("ordinary_grey.jpg"), "grey");
  });
  test("tables of luma and chroma are found in one segment", () => {
    const both = segment(0xdb, [0, 7, ...Array(63).fill(1), 1, 9, ...Array(63).fill(1)]);
    const file = jpeg(both, frameSegment(4, 4, 3, { chromaTable: 1 }));
    const { luma, chroma } = inspectFile(file, 1e6).tables;
    assert.deepEqual([luma[0], luma[1], chroma[0], chroma[1]], [7, 1, 9, 1]);
    assert.equal(inspect(file).step, 7);
  });
  test("a grey one has no table of chroma", () => {
    assert.equal(inspectFile(read("ordinary_grey.jpg"), 1e6).tables.chroma, null);
  });
});

describe("a compact file", () => {
  test("of version 1 says what Python wrote", () => {
    const { kind, scale, grey, step, width, height } = inspect(read("scale2.jpg"));
    assert.deepEqual([kind, scale, grey, width, height], ["compact", 2, false, 150, 131]);
    assert.equal(step, 20); // DC step of luma at quality 40
  });
  test("of version 3 says the same", () => {
    const { kind, scale, width, height, step } = inspect(read("scale2_v3.jpg"));
    assert.deepEqual([kind, scale, width, height, step], ["compact", 2, 150, 131, 32]);
  });
  test("may be grey", () => assert.equal(inspect(read("grey.jpg")).grey, true));
  test("may hold the picture itself", () => {
    assert.equal(inspect(read("plain.jpg")).kind, "plain");
  });
  test("of version 3 may lose and gain application segments and comments", () => {
    const file = read("scale1_v3.jpg");
    const added = [...segment(0xe1, ascii("Exif\0\0")), ...segment(0xfe, ascii("hello"))];
    const other = Uint8Array.from([...file.subarray(0, 2), ...added, ...file.subarray(2)]);
    assert.deepEqual(inspect(other), inspect(file));
  });
  test("of version 3 must end as it was", () => {
    const longer = Uint8Array.from([...read("scale1_v3.jpg"), 0]);
    assert.throws(() => inspect(longer), fails("changed"));
  });
  test("of version 3 that was coded anew is refused", () => {
    const file = read("scale1_v3.jpg");
    file[file.length - 10] ^= 1;
    assert.throws(() => inspect(file), fails("changed"));
  });
  test("of a newer version is refused", () => {
    const file = read("scale1.jpg");
    file[file.findIndex((_, i) => file[i] === 0x43 && file[i + 1] === 0x6f) + 4] = 9;
    assert.throws(() => inspect(file), fails("version", /Received: 9/));
  });
  test("whose data are cut short is refused", () => {
    const file = jpeg(segment(0xe9, [...ascii("ComR"), 1, 0, 0]), table(0, 9), frameSegment(4, 4));
    assert.throws(() => inspect(file), fails("damaged", /19 bytes/));
  });
  for (const [what, values] of Object.entries({
    "another size than its picture's": { height: 8 },
    "no size": { height: 0, width: 0 },
    "scale 3": { layout: 3 },
    "unknown bits of layout": { layout: 10 },
    "quality 0": { quality: 0 },
    "no step": { step: 0 },
  })) {
    test(`with ${what} is refused`, () => {
      const file = jpeg(first(values), table(0, 9), frameSegment(6, 5));
      assert.throws(() => inspect(file), fails("damaged"));
    });
  }
  test("without a table of luma is refused, without one of chroma has luma's", () => {
    const values = { height: 9, width: 11 };
    const frame = frameSegment(6, 5, 3, { chromaTable: 1 });
    const withTables = (...found) => inspectFile(jpeg(first(values), ...found, frame), 1000).tables;
    assert.throws(() => withTables(table(1, 9)), fails("damaged", /no.* table 0/));
    const { luma, chroma } = withTables(table(0, 9));
    assert.deepEqual(chroma, luma);
    assert.notDeepEqual(withTables(table(0, 9), table(1, 7)).chroma, luma);
  });
  test("with data of others in APP9 is an ordinary JPEG", () => {
    const file = jpeg(segment(0xe9, ascii("Media Jukebox")), table(0, 9), frameSegment(6, 5));
    assert.equal(inspect(file).kind, "ordinary");
  });
});

describe("an ordinary JPEG", () => {
  test("is told the DC step of luma", () => {
    const { kind, scale, step, presetId } = inspect(read("ordinary_420.jpg"));
    assert.deepEqual([kind, scale, step, presetId], ["ordinary", 1, 40, null]); // quality 20
  });
  test("may be grey", () => assert.equal(inspect(read("ordinary_grey.jpg")).grey, true));
  test("must not be CMYK", () => {
    assert.throws(() => inspect(jpeg(table(0, 9), frameSegment(4, 4, 4))), fails("unsupported"));
  });
});

test("too many pixels are refused by the header alone", () => {
  const file = jpeg(table(0, 9), frameSegment(60000, 60000));
  assert.throws(() => inspect(file, 50e6), fails("size", /60000x60000/));
  const compact = jpeg(first({ height: 100, width: 100 }), table(0, 9), frameSegment(50, 50));
  assert.throws(() => inspect(compact, 9999), fails("size"));
  assert.equal(inspect(compact, 10000).width, 100);
});

describe("metadata", () => {
  const exif = (order, value) => {
    const numbers = order === "II" ? [0x12, 0x01, 3, 0, 1, 0, 0, 0, value, 0, 0, 0] : [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0];
    const head = order === "II" ? [42, 0, 8, 0, 0, 0, 1, 0] : [0, 42, 0, 0, 0, 8, 0, 1];
    return segment(0xe1, [...ascii("Exif\0\0"), ...ascii(order), ...head, ...numbers]);
  };
  for (const order of ["II", "MM"]) {
    test(`orientation is read in byte order ${order}`, () => {
      const file = jpeg(exif(order, 6), table(0, 9), frameSegment(4, 4));
      assert.equal(inspect(file).orientation, 6);
    });
  }
  test("an orientation that is none, or cut off, is upright", () => {
    assert.equal(inspect(jpeg(exif("II", 9), table(0, 9), frameSegment(4, 4))).orientation, 1);
    const cut = segment(0xe1, [...ascii("Exif\0\0"), ...ascii("II"), 42, 0, 250, 0, 0, 0]);
    assert.equal(inspect(jpeg(cut, table(0, 9), frameSegment(4, 4))).orientation, 1);
    const short = segment(0xe1, [...ascii("Exif\0\0"), 1]);
    assert.equal(inspect(jpeg(short, table(0, 9), frameSegment(4, 4))).orientation, 1);
  });
  const named = (name) => segment(0xe2, [...ascii("ICC_PROFILE\0"), 1, 1, ...name]);
  const utf16 = (text) => ascii(text).flatMap((byte) => [0, byte]);
  for (const [name, content] of Object.entries({
    "srgb": named(ascii("desc sRGB IEC61966-2.1")),
    "display-p3": named(utf16("Display P3")),
    "other": named(ascii("Adobe RGB (1998)")),
  })) {
    test(`profile ${name} is told by its name`, () => {
      const file = jpeg(content, table(0, 9), frameSegment(4, 4));
      assert.equal(inspect(file).profile, name);
      const kept = (keep) => metadata.bare(parts(file), keep).some((piece) => piece[1] === 0xe2);
      assert.deepEqual([kept(false), kept(true)], [false, true]);
    });
  }
  test("a file for the decoder keeps what says how colours are coded, and no comments", () => {
    const file = jpeg(
      segment(0xe0, ascii("JFIF\0")),
      exif("II", 6),
      segment(0xee, ascii("Adobe")),
      segment(0xfe, [1]),
      table(0, 9),
      frameSegment(4, 4),
    );
    const markers = metadata.bare(parts(file), false).map((piece) => piece[1]);
    assert.deepEqual(markers, [0xd8, 0xe0, 0xee, 0xdb, 0xc0, 0xda, 0xd9]);
  });
});

describe("tiles", () => {
  const shapes = [
    { side: 8, scale: 1, halo: 3 },
    { side: 8, scale: 2, halo: 2 },
  ];
  for (const shape of shapes) {
    for (const [width, height] of [[1, 1], [7, 9], [8, 8], [17, 33], [64, 5]]) {
      test(`cover ${width}x${height} at scale ${shape.scale}, each with its surroundings`, () => {
        const decoded = [Math.ceil(width / shape.scale), Math.ceil(height / shape.scale)];
        const at = (x, y) => {
          const inside = (value, size) => Math.min(Math.max(value, 0), size - 1);
          return inside(y, decoded[1]) * 100 + inside(x, decoded[0]);
        };
        const side = tiles.inputSide(shape);
        const input = new Float32Array(side * side * 3);
        for (let row = 0; row < tiles.count(height, shape); row++) {
          const [top, rows] = tiles.rowsOf(row, decoded[1], shape);
          assert.ok(rows >= 1 && top >= 0 && top + rows <= decoded[1]);
          const data = new Uint16Array(decoded[0] * rows * 4);
          for (let i = 0; i < decoded[0] * rows; i++) {
            data.fill(at(i % decoded[0], top + Math.floor(i / decoded[0])), 4 * i, 4 * i + 3);
          }
          for (let column = 0; column < tiles.count(width, shape); column++) {
            tiles.fill(input, { data, width: decoded[0], top, rows }, row, column, shape);
            for (let i = 0; i < side * side; i++) {
              const x = (column * shape.side) / shape.scale - shape.halo + (i % side);
              const y = (row * shape.side) / shape.scale - shape.halo + Math.floor(i / side);
              assert.equal(input[3 * i + 1], at(x, y));
            }
          }
        }
      });
    }
  }
  test("of a thin picture are mostly padding", () => {
    const shape = { side: 256, scale: 1, halo: 24 };
    const thin = (width, height) => tiles.isTooThin(width, height, shape);
    assert.deepEqual([thin(1, 1), thin(65000, 1), thin(65000, 256), thin(6000, 4000)], [
      false,
      true,
      false,
      false,
    ]);
  });
  test("are stored rounded half to even and saturated, grey ones by their luma", () => {
    const pixels = new Uint8ClampedArray(8);
    tiles.store(pixels, Float32Array.of(-4, 0.5, 1.5, 254.6, 300, 2.4), false);
    assert.deepEqual([...pixels], [0, 0, 2, 255, 255, 255, 2, 255]);
    tiles.store(pixels, Float32Array.of(300, 200, 100, 10, 10, 10), true);
    assert.deepEqual([...pixels], [218, 218, 218, 255, 10, 10, 10, 255]);
  });
  test("are taken over by shares of luma and of chroma", () => {
    const strip = { data: Uint8ClampedArray.of(100, 100, 100, 255), width: 1, top: 0, rows: 1 };
    const shape = { side: 2, scale: 1, halo: 0 };
    const blended = (values, luma, chroma, grey = false) => {
      const tile = Float32Array.from({ length: 12 }, (_, at) => values[at] ?? 7);
      tiles.blend(tile, strip, 0, 0, shape, { luma, chroma }, grey);
      assert.equal(tile[3], 7); // beyond the picture
      return [...tile.subarray(0, 3)].map((value) => Math.round(100 * value) / 100);
    };
    assert.deepEqual(blended([120, 110, 90], 1, 1), [120, 110, 90]);
    assert.deepEqual(blended([120, 110, 90], 0, 0), [100, 100, 100]);
    // Luma changes by 10.71, which a share of luma alone gives to all three.
    assert.deepEqual(blended([120, 110, 90], 0.5, 0), [105.36, 105.36, 105.36]);
    assert.deepEqual(blended([120, 110, 90], 0, 1), [109.29, 99.29, 79.29]);
    // Of a grey picture it is the luma that saturates.
    assert.deepEqual(blended([300, 200, 100], 0.5, 0, true), [159.25, 159.25, 159.25]);
  });
});

describe("a manifest", () => {
  const manifest = JSON.parse(readFileSync(path.join(SITE, "models.json"), "utf8"));
  const [id] = Object.keys(manifest.pairs).filter((key) => manifest.pairs[key].scale === 2);
  test("has the pair of a file", () => assert.equal(findPair(manifest, id, 2).scale, 2));
  test("has the pair of ordinary JPEGs", () => assert.equal(findPair(manifest, null, 1).scale, 1));
  for (const [what, name, scale] of [
    ["an unknown id", "01234567", 2],
    ["another scale", id, 1],
    ["a name of Object's", "constructor", 2],
  ]) {
    test(`refuses ${what}`, () => {
      assert.throws(() => findPair(manifest, name, scale), fails("preset", /Received: /));
    });
  }
  test("is one only of its version, with numbers of conditions that there are", () => {
    assert.ok(isManifest(manifest));
    assert.ok(!isManifest({ ...manifest, version: 2 }));
    assert.ok(!isManifest(null));
    const told = (conditions) => {
      const pairs = Object.entries(manifest.pairs).map(([id, pair]) => [id, { ...pair, conditions }]);
      return isManifest({ ...manifest, pairs: Object.fromEntries(pairs) });
    };
    assert.deepEqual([0, 1, 5].map(told), [true, true, true]);
    assert.deepEqual([2, true, "5", undefined, -1].map(told), [false, false, false, false, false]);
  });
  test("without a pair of full size refuses ordinary JPEGs", () => {
    assert.throws(() => findPair({ ...manifest, ordinary: null }, null, 1), fails("preset"));
  });
});
