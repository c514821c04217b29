/** What a page and its worker say to each other. */

import type { ErrorCode } from "./errors.js";

/** What computes: "auto" is WebGPU where there is a hardware adapter, WASM elsewhere. */
export type Accelerator = "auto" | "webgpu" | "wasm";

/** What a worker is told once, before anything else. */
export interface Setup {
  kind: "setup";
  /** Folder of models.json. */
  base: string;
  accelerator: Accelerator;
  /** Whether WASM may use threads; only cross-origin isolated pages can. */
  threads: boolean;
}

/** A picture to restore. The next one is sent when this one is replied to. */
export interface Job {
  kind: "job";
  file: Uint8Array;
  maxPixels: number;
  ordinary: "restore" | "leave";
}

/** The picture is no longer wanted. */
export interface Cancel {
  kind: "cancel";
}

export type Request = Setup | Job | Cancel;

/** All but `progress` end a job. */
export type Reply =
  | { kind: "progress"; share: number }
  | { kind: "done"; bitmap: ImageBitmap }
  | { kind: "failed"; code: ErrorCode | null; message: string }
  | { kind: "cancelled" };
