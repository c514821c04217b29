/** Restoring from a page: hands pictures to a worker that starts with the first of them. */

import { ComrecError, type ErrorCode } from "./errors.js";
import { type Description, inspectFile } from "./inspect.js";
import type { Accelerator, Reply, Request } from "./messages.js";
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

interface Waiting {
  resolve(bitmap: ImageBitmap): void;
  reject(reason: unknown): void;
  onprogress: ((share: number) => void) | undefined;
}

class RestoringWorker {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    base: URL,
    accelerator: Accelerator,
    threads: boolean,
    private readonly onend: () => void,
  ) {
    this.worker = new Worker(new URL("comrec-worker.js", base));
    this.worker.onmessage = ({ data }: MessageEvent<Reply>) => this.receive(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.end(`the worker failed: ${event.message ?? "it cannot be loaded"}`);
    };
    this.send({ kind: "setup", base: base.href, accelerator, threads });
  }

  restore(
    file: Uint8Array,
    asked: { maxPixels: number; ordinary: "restore" | "leave" },
    onprogress?: (share: number) => void,
    signal?: AbortSignal,
  ): Promise<ImageBitmap> {
    clearTimeout(this.idle);
    const id = ++this.lastId;
    return new Promise<ImageBitmap>((resolve, reject) => {
      const abort = (): void => {
        this.send({ kind: "cancel", id });
        this.settle(id)?.reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      const settled = <T>(settle: (value: T) => void) => (value: T): void => {
        signal?.removeEventListener("abort", abort);
        settle(value);
      };
      this.waiting.set(id, { resolve: settled(resolve), reject: settled(reject), onprogress });
      this.send({ kind: "job", id, file, ...asked }, [file.buffer as ArrayBuffer]);
    });
  }

  end(message: string): void {
    clearTimeout(this.idle);
    this.worker.terminate();
    this.onend();
    const error = new ComrecError("unavailable", message);
    for (const id of [...this.waiting.keys()]) this.settle(id)?.reject(error);
    clearTimeout(this.idle);
  }

  private receive(reply: Reply): void {
    if (reply.kind === "progress") {
      this.waiting.get(reply.id)?.onprogress?.(reply.share);
    } else if (reply.kind === "done") {
      const waiting = this.settle(reply.id);
      // Aborted after it was done.
      if (waiting === undefined) reply.bitmap.close();
      else waiting.resolve(reply.bitmap);
    } else {
      const code: ErrorCode = reply.code ?? "unsupported";
      this.settle(reply.id)?.reject(new ComrecError(code, reply.message));
      // An unexpected error, say a lost GPU or no memory left: the next picture gets a new worker.
      if (reply.code === null) this.end(reply.message);
    }
  }

  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (this.waiting.size === 0) {
      clearTimeout(this.idle);
      this.idle = setTimeout(() => this.end("idle"), IDLE_MILLISECONDS);
    }
    return waiting;
  }

  private send(request: Request, transfer: Transferable[] = []): void {
    this.worker.postMessage(request, transfer);
  }
}
