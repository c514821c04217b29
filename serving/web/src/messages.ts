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

/** A picture to restore. */
export interface Job {
  kind: "job";
  id: number;
  file: Uint8Array;
  maxPixels: number;
  ordinary: "restore" | "leave";
}

/** No longer wanted. */
export interface Cancel {
  kind: "cancel";
  id: number;
}

export type Request = Setup | Job | Cancel;

export type Reply =
  | { kind: "progress"; id: number; share: number }
  | { kind: "done"; id: number; bitmap: ImageBitmap }
  | { kind: "failed"; id: number; code: ErrorCode | null; message: string };
