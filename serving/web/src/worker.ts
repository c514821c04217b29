/** The worker: restores one picture at a time. A classic script, as the runtime requires. */

import { Engine } from "./engine.js";
import { ComrecError } from "./errors.js";
import type { Job, Reply, Request } from "./messages.js";
import { restorePicture } from "./restoration.js";

/** Thrown inside a restoration that is no longer wanted. */
class Cancelled extends Error {}

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(reply: Reply, transfer?: Transferable[]): void;
};
let engine: Engine | undefined;
let cancelled = false;

scope.onmessage = ({ data }) => {
  if (data.kind === "setup") {
    engine = new Engine(data);
  } else if (data.kind === "cancel") {
    cancelled = true;
  } else if (engine !== undefined) {
    // What came after the last picture was done concerned that one.
    cancelled = false;
    void restore(data, engine);
  }
};

async function restore(job: Job, engine: Engine): Promise<void> {
  const check = (): void => {
    if (cancelled) throw new Cancelled();
  };
  try {
    const progress = (share: number) => scope.postMessage({ kind: "progress", share });
    const bitmap = await restorePicture(job, engine, { progress, check });
    scope.postMessage({ kind: "done", bitmap }, [bitmap]);
  } catch (error) {
    if (error instanceof Cancelled) {
      scope.postMessage({ kind: "cancelled" });
      return;
    }
    const code = error instanceof ComrecError ? error.code : null;
    const message = error instanceof Error ? error.message : String(error);
    scope.postMessage({ kind: "failed", code, message });
  }
}
