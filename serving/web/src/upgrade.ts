/** For existing pages: <img data-comrec> shows its restored picture once that is there. */

import { type Description, inspectFile } from "./inspect.js";
import { MAX_PIXELS, type RestoreOptions, restore } from "./restore.js";
import { readSource } from "./source.js";
import { savesData, shownSize, whenNear } from "./when.js";

/**
 * Upgrade the images of a document, or of a part of it, that carry the attribute `data-comrec`.
 *
 * The elements stay, with their styles and listeners; `src` becomes a lossless blob of the restored
 * picture once that is decoded. Of a `srcset`, or a <picture>, that is the file that the browser has
 * chosen; it has no others to choose from afterwards. If the page gives an image another file
 * meanwhile, that one is restored. If anything fails, an image stays as it was. `data-comrec` then
 * says "restored", "compact" (the reader saves data) or "failed". A page with a Content-Security-
 * Policy must allow `img-src blob:`.
 *
 * @param root - where to look.
 * @param options - for all of them.
 * @returns a function that stops it.
 */
export function upgradeImages(
  root: ParentNode = document,
  options: Omit<RestoreOptions, "signal" | "onprogress"> = {},
): () => void {
  const run = new AbortController();
  for (const image of root.querySelectorAll<HTMLImageElement>("img[data-comrec]")) {
    if (image.dataset["comrec"] !== "") continue;
    image.dataset["comrec"] = "waiting";
    whenNear(image, run.signal, () => void upgrade(image, { ...options, signal: run.signal }));
  }
  return () => run.abort();
}

async function upgrade(image: HTMLImageElement, options: RestoreOptions): Promise<void> {
  const { signal, maxPixels = MAX_PIXELS, crossOrigin = false } = options;
  const asked = addresses(image);
  const check = (): void => {
    if (addresses(image) !== asked) throw new Error("the page gave the image another file");
  };
  let takeBack = (): void => {};
  try {
    // Before it is loaded, `currentSrc` is empty, or of the file before.
    await image.decode().catch(() => {});
    const file = await readSource(image, crossOrigin, signal);
    check();
    takeBack = reserve(image, inspectFile(file, maxPixels).description);
    if (savesData()) {
      image.dataset["comrec"] = "compact";
      return;
    }
    await replace(image, await restore(file, options), check);
    image.dataset["comrec"] = "restored";
    image.dispatchEvent(new CustomEvent("restored"));
  } catch (error) {
    if (signal?.aborted) return;
    if (addresses(image) !== asked) {
      takeBack();
      return upgrade(image, options);
    }
    image.dataset["comrec"] = "failed";
    image.dispatchEvent(new CustomEvent("comrec-error", { detail: error }));
  }
}

/** The elements that have a `srcset` from which the browser chooses what an image shows. */
function choices(image: HTMLImageElement): (HTMLImageElement | HTMLSourceElement)[] {
  const picture = image.parentElement;
  const sources =
    picture instanceof HTMLPictureElement
      ? picture.querySelectorAll<HTMLSourceElement>(":scope > source")
      : [];
  return [image, ...sources].filter(({ srcset }) => srcset !== "");
}

/** All that the page wants an image to show. It is known at once; `currentSrc` is not. */
function addresses(image: HTMLImageElement): string {
  return [image.src, ...choices(image).map(({ srcset }) => srcset)].join(" ");
}

/**
 * Give the image the original's size: the compact picture may be smaller.
 *
 * @returns takes the size back, unless the page has changed it.
 */
function reserve(image: HTMLImageElement, description: Description): () => void {
  const size = (): string => [image.getAttribute("width"), image.getAttribute("height")].join();
  if (image.hasAttribute("width") || image.hasAttribute("height")) return () => {};
  [image.width, image.height] = shownSize(description);
  const given = size();
  return () => {
    if (size() !== given) return;
    image.removeAttribute("width");
    image.removeAttribute("height");
  };
}

/**
 * Show the restored picture.
 *
 * @param check - throws if it is no longer wanted.
 */
async function replace(
  image: HTMLImageElement,
  bitmap: ImageBitmap,
  check: () => void,
): Promise<void> {
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(bitmap);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
  if (blob === null) throw new Error("the browser cannot code the restored picture");
  const address = URL.createObjectURL(blob);
  const { src } = image;
  const sets = choices(image).map((each) => [each, each.srcset] as const);
  try {
    const probe = new Image();
    probe.src = address;
    await probe.decode();
    check();
    for (const [each] of sets) each.removeAttribute("srcset");
    image.src = address;
    await image.decode();
  } catch (error) {
    URL.revokeObjectURL(address);
    if (image.src === address) {
      image.src = src;
      for (const [each, srcset] of sets) each.srcset = srcset;
    }
    throw error;
  }
}
