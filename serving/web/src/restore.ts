/** Restoring from a page: hands pictures to a worker that starts with the first of them. */

import { ComrecError } from "./errors.js";
import { type Description, inspectFile } from "./inspect.js";
import type { Accelerator, Job, Reply, Request } from "./messages.js";
import { type Source, checkOrigin, readSource } from "./source.js";

/** How a picture is restored. */
export interface RestoreOptions {
  /** Folder of models.json and the worker, of the page's origin; this module's own by default. */
  base?: string | URL;
  /** Called with the share of the picture that is done, 0 to 1. */
  onprogress?: (share: number) => void;
  /** Aborts. */
  signal?: AbortSignal;
  /** Larger pictures are refused before anything is allocated; 50 million by default. */
  maxPixels?: number;
  /** What becomes of JPEGs that comrec_tf did not make; "restore" by default. */
  ordinary?: "restore" | "leave";
  /** Whether a picture may come from another origin; false by default. */
  crossOrigin?: boolean;
  /** What computes; "auto" by default. */
  accelerator?: Accelerator;
  /** Whether WASM may use threads where the page is cross-origin isolated; true by default. */
  threads?: boolean;
}

export const MAX_PIXELS = 50_000_000;
/** A worker that is idle for so long is ended: it holds some 50 MB. */
const IDLE_MILLISECONDS = 30_000;

/**
 * Restore a picture.
 *
 * @param source - a compact file of comrec_tf or an ordinary JPEG, or an element that shows one.
 * @returns the restored picture, of the original's size. Close it when it is no longer needed.
 * @throws ComrecError, whose code says why; the signal's reason if it aborts.
 */
export async function restore(source: Source, options: RestoreOptions = {}): Promise<ImageBitmap> {
  const { signal, onprogress, ordinary = "restore", maxPixels = MAX_PIXELS } = options;
  signal?.throwIfAborted();
  const base = new URL(options.base ?? ".", options.base ? document.baseURI : import.meta.url);
  checkOrigin(base, false);
  const file = await readSource(source, options.crossOrigin ?? false, signal);
  signal?.throwIfAborted();
  const worker = workerFor(
    base,
    options.accelerator ?? "auto",
    (options.threads ?? true) && globalThis.crossOriginIsolated === true,
  );
  return worker.restore(file, { maxPixels, ordinary }, onprogress, signal);
}

/**
 * Tell what a file is, without loading or decoding anything.
 *
 * @param source - as in `restore`.
 * @throws ComrecError as `restore`.
 */
export async function inspect(
  source: Source,
  options: Pick<RestoreOptions, "maxPixels" | "crossOrigin" | "signal"> = {},
): Promise<Description> {
  const file = await readSource(source, options.crossOrigin ?? false, options.signal);
  return inspectFile(file, options.maxPixels ?? MAX_PIXELS).description;
}

/** End all workers at once and give their memory back; pictures under way are rejected. */
export function release(): void {
  for (const worker of workers.values()) worker.end("the workers were released");
}

const workers = new Map<string, RestoringWorker>();

function workerFor(base: URL, accelerator: Accelerator, threads: boolean): RestoringWorker {
  const key = [base.href, accelerator, threads].join(" ");
  let worker = workers.get(key);
  if (worker === undefined) {
    worker = new RestoringWorker(base, accelerator, threads, () => workers.delete(key));
    workers.set(key, worker);
  }
  return worker;
}

interface Picture {
  job: Job;
  resolve(bitmap: ImageBitmap): void;
  reject(reason: unknown): void;
  onprogress: ((share: number) => void) | undefined;
  signal: AbortSignal | undefined;
}

/** A worker that has one picture at a time: if it fails, the others are not lost with it. */
class RestoringWorker {
  private worker: Worker | undefined;
  private atWork: Picture | undefined;
  private waiting: Picture[] = [];
  private idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly base: URL,
    private readonly accelerator: Accelerator,
    private readonly threads: boolean,
    private readonly onend: () => void,
  ) {}

  restore(
    file: Uint8Array,
    asked: { maxPixels: number; ordinary: "restore" | "leave" },
    onprogress?: (share: number) => void,
    signal?: AbortSignal,
  ): Promise<ImageBitmap> {
    return new Promise<ImageBitmap>((resolve, reject) => {
      const settled = <T>(settle: (value: T) => void) => (value: T): void => {
        signal?.removeEventListener("abort", abort);
        settle(value);
      };
      const picture: Picture = {
        job: { kind: "job", file, ...asked },
        resolve: settled(resolve),
        reject: settled(reject),
        onprogress,
        signal,
      };
      const abort = (): void => {
        this.waiting = this.waiting.filter((other) => other !== picture);
        if (this.atWork === picture) this.worker?.postMessage({ kind: "cancel" } satisfies Request);
        picture.reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.waiting.push(picture);
      this.next();
    });
  }

  end(message: string): void {
    clearTimeout(this.idle);
    this.onend();
    const error = new ComrecError("unavailable", message);
    this.giveUp(error);
    for (const picture of this.waiting.splice(0)) picture.reject(error);
  }

  /** Send the next picture, unless one is at work. */
  private next(): void {
    if (this.atWork !== undefined) return;
    clearTimeout(this.idle);
    this.atWork = this.waiting.shift();
    if (this.atWork === undefined) {
      this.idle = setTimeout(() => this.end("idle"), IDLE_MILLISECONDS);
      return;
    }
    this.worker ??= this.begin();
    const { job } = this.atWork;
    this.worker.postMessage(job satisfies Request, [job.file.buffer as ArrayBuffer]);
  }

  private begin(): Worker {
    const worker = new Worker(new URL("comrec-worker.js", this.base));
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.receive(data);
    worker.onerror = (event: Event | ErrorEvent) => {
      event.preventDefault();
      if ("message" in event) {
        this.giveUp(new ComrecError("unavailable", `the worker failed: ${event.message}`));
        this.next();
      } else {
        // No other picture would fare better.
        this.end("the worker failed: it cannot be loaded");
      }
    };
    const { base, accelerator, threads } = this;
    worker.postMessage({ kind: "setup", base: base.href, accelerator, threads } satisfies Request);
    return worker;
  }

  private receive(reply: Reply): void {
    const picture = this.atWork;
    if (picture === undefined) return;
    const wanted = picture.signal?.aborted !== true;
    if (reply.kind === "progress") {
      if (wanted) picture.onprogress?.(reply.share);
      return;
    }
    if (reply.kind === "failed") {
      const error = new ComrecError(reply.code ?? "unsupported", reply.message);
      // An unexpected error, say a lost GPU or no memory left: the next picture gets a new worker.
      if (reply.code === null) this.giveUp(error);
      else picture.reject(error);
    } else if (reply.kind === "done") {
      if (wanted) picture.resolve(reply.bitmap);
      else reply.bitmap.close();
    }
    this.atWork = undefined;
    this.next();
  }

  /** End the worker, and reject the picture that it is at. */
  private giveUp(error: ComrecError): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.atWork?.reject(error);
    this.atWork = undefined;
  }
}
