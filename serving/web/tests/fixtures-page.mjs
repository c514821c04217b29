/** The page of most tests, and the functions that it has for them. */

export const BLANK = '<!doctype html><html lang="en"><title>test</title><script src="/tools.js"></script>';

/** Runs in the page as a script of its own, as its Content-Security-Policy demands. */
export const TOOLS = `
  const tools = {
    bytes: async (name) => (await fetch(name)).arrayBuffer(),
    pixels: (bitmap) => {
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    },
    decode: async (name) => createImageBitmap(
      await (await fetch(name)).blob(), { colorSpaceConversion: "none", premultiplyAlpha: "none" }),
    /** Restore a file; tell how it differs from a picture, or the error's code. */
    compare: async (file, expected, options = {}) => {
      const { restore } = await import("/comrec.js");
      let bitmap;
      try {
        bitmap = await restore(typeof file === "string" ? await tools.bytes(file) : file, options);
      } catch (error) {
        return { code: error.code ?? error.name, message: error.message };
      }
      const reference = typeof expected === "string" ? await tools.decode(expected) : expected;
      const [a, b] = [tools.pixels(bitmap), tools.pixels(reference)];
      const size = [bitmap.width, bitmap.height];
      const same = size[0] === reference.width && size[1] === reference.height;
      bitmap.close();
      let most = 0, differing = 0;
      for (let i = 0; i < a.length; i++) {
        const difference = Math.abs(a[i] - b[i]);
        most = Math.max(most, difference);
        differing += difference > 0;
      }
      return { size, same, most, share: differing / a.length };
    },
  };
`;

export const PAGES = { "blank.html": BLANK, "tools.js": TOOLS };
