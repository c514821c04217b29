/** <comrec-img>: shows the compact picture at once and the restored one when it is there. */

import { inspectFile } from "./inspect.js";
import { MAX_PIXELS, type RestoreOptions, restore } from "./restore.js";
import { fetchPicture } from "./source.js";
import { reducesMotion, savesData, shownSize, whenNear } from "./when.js";

/**
 * - `waiting`: not yet near the view
 * - `restoring`: the compact picture is shown
 * - `restored`: the restored picture is shown
 * - `compact`: the compact picture stays, since the reader saves data
 * - `failed`: the compact picture stays as the browser shows it, or its alternative text
 */
export type State = "waiting" | "restoring" | "restored" | "compact" | "failed";

const STYLE = `
  :host { display: inline-block; position: relative; max-width: 100% }
  :host([hidden]) { display: none }
  img, ::slotted(img), canvas {
    width: 100%; height: 100%; object-fit: inherit; object-position: inherit
  }
  img, ::slotted(img) { display: block }
  canvas { position: absolute; inset: 0; pointer-events: none; opacity: 0 }
  canvas.fading { transition: opacity 0.25s }
  canvas.shown { opacity: 1 }
`;

const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * A picture whose file is a compact JPEG, or any other.
 *
 * Attributes `src`, `alt`, `width` and `height` mean what they mean on <img>. Where width and height
 * are missing they are read from the file, and the picture shows once it is loaded. An <img> inside
 * replaces the element's own image, and its attributes are used where the element lacks them:
 * browsers show it before this module is loaded, and without it. It may come later than the element,
 * and its `src` may change.
 * The attribute `state` is a `State`. Events: `restored`, and `comrec-error` with the error as
 * `detail`.
 */
export class ComrecImage extends Base {
  static readonly observedAttributes = ["src", "alt", "width", "height"];
  /** For all elements of a page. */
  static options: Omit<RestoreOptions, "signal" | "onprogress"> = {};

  private readonly ownImage = document.createElement("img");
  private readonly canvas = document.createElement("canvas");
  private readonly size = new CSSStyleSheet();
  private run: AbortController | undefined;
  /** What the last run was started with. */
  private started: string | null = null;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [this.size, sheet];
    this.ownImage.part.add("image");
    this.ownImage.decoding = "async";
    this.ownImage.loading = "lazy";
    this.canvas.part.add("restored");
    // Readers of the page hear the image's alternative text, once.
    this.canvas.setAttribute("aria-hidden", "true");
    const slot = document.createElement("slot");
    slot.append(this.ownImage);
    root.append(slot, this.canvas);
    // The parser and scripts may add the image inside, or its address, after the element.
    new MutationObserver(() => {
      if (this.isConnected && this.source !== this.started) this.start();
    }).observe(this, { childList: true, subtree: true, attributeFilter: ["src"] });
  }

  connectedCallback(): void {
    this.start();
  }

  disconnectedCallback(): void {
    this.run?.abort();
    this.clear();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (name === "alt") {
      if (after === null) this.ownImage.removeAttribute("alt");
      else this.ownImage.alt = after;
    } else if (before !== after && this.isConnected) {
      if (name === "src") this.start();
      else this.reserve(...this.givenSize());
    }
  }

  /** What the element shows. */
  get state(): State {
    return (this.getAttribute("state") as State | null) ?? "waiting";
  }

  /** The image inside, which the page wrote. */
  private get givenImage(): HTMLImageElement | null {
    return this.querySelector<HTMLImageElement>(":scope > img");
  }

  /** Address of the file, as the page wrote it. */
  private get source(): string | null {
    return this.getAttribute("src") ?? this.givenImage?.getAttribute("src") ?? null;
  }

  private start(): void {
    this.run?.abort();
    this.clear();
    const source = (this.started = this.source);
    if (source === null) return;
    const run = (this.run = new AbortController());
    this.setAttribute("state", "waiting");
    const size = this.givenSize();
    this.reserve(...size);
    this.ownImage.removeAttribute("src");
    if (size[0] > 0 && size[1] > 0) this.showFile(source);
    whenNear(this, run.signal, () => void this.show(source, run.signal));
  }

  private async show(source: string, signal: AbortSignal): Promise<void> {
    const options = ComrecImage.options;
    try {
      const file = await fetchPicture(source, options.crossOrigin ?? false, signal);
      const { description } = inspectFile(file, options.maxPixels ?? MAX_PIXELS);
      const [width, height] = this.givenSize();
      if (!width || !height) this.reserve(width, height, shownSize(description));
      this.showFile(source);
      if (savesData()) {
        this.setAttribute("state", "compact");
        return;
      }
      this.setAttribute("state", "restoring");
      const bitmap = await restore(file, { ...options, signal });
      this.draw(bitmap);
      this.setAttribute("state", "restored");
      this.dispatchEvent(new CustomEvent("restored"));
    } catch (error) {
      if (signal.aborted) return;
      // The browser may show what this module cannot.
      this.showFile(source);
      this.setAttribute("state", "failed");
      this.dispatchEvent(new CustomEvent("comrec-error", { detail: error }));
    }
  }

  /** Let the browser show the file as it does. */
  private showFile(source: string): void {
    if (this.givenImage === null && !this.ownImage.src) this.ownImage.src = source;
  }

  private draw(bitmap: ImageBitmap): void {
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(bitmap);
    this.canvas.classList.toggle("fading", !reducesMotion());
    this.canvas.classList.add("shown");
  }

  private clear(): void {
    this.canvas.classList.remove("shown", "fading");
    // Frees the pixels.
    this.canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(null);
  }

  private givenSize(): [number, number] {
    const number = (name: string): number => {
      const text = this.getAttribute(name) ?? this.givenImage?.getAttribute(name) ?? "";
      return Math.max(Number.parseInt(text, 10) || 0, 0);
    };
    return [number("width"), number("height")];
  }

  /** Reserve the place that the picture needs; the page's own styles take precedence. */
  private reserve(width: number, height: number, natural: [number, number] = [0, 0]): void {
    const [wide, high] = width && height ? [width, height] : natural;
    if (!wide || !high) return;
    const across = width || (height ? Math.round((height * wide) / high) : wide);
    this.size.replaceSync(`:host { width: ${across}px; aspect-ratio: ${wide} / ${high} }`);
  }
}

/**
 * Define the element.
 *
 * @param name - of the tag.
 */
export function defineComrecImage(name = "comrec-img"): void {
  if (customElements.get(name) === undefined) customElements.define(name, ComrecImage);
}
