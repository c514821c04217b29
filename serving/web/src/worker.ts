/** The worker: restores one picture after the other. A classic script, as the runtime requires. */

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
const waiting: Job[] = [];
const cancelled = new Set<number>();
let engine: Engine | undefined;
let busy = false;

scope.onmessage = ({ data }) => {
  if (data.kind === "setup") {
    engine = new Engine(data);
  } else if (data.kind === "job") {
    waiting.push(data);
    void work();
  } else {
    cancelled.add(data.id);
  }
};

async function work(): Promise<void> {
  if (busy || engine === undefined) return;
  busy = true;
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
    await restore(job, engine);
    cancelled.delete(job.id);
  }
  busy = false;
}

async function restore(job: Job, engine: Engine): Promise<void> {
  const { id } = job;
  const check = (): void => {
    if (cancelled.has(id)) throw new Cancelled();
  };
  try {
    check();
    const progress = (share: number) => scope.postMessage({ kind: "progress", id, share });
    const bitmap = await restorePicture(job, engine, { progress, check });
    scope.postMessage({ kind: "done", id, bitmap }, [bitmap]);
  } catch (error) {
    // The page no longer waits for what it cancelled.
    if (error instanceof Cancelled) return;
    const code = error instanceof ComrecError ? error.code : null;
    const message = error instanceof Error ? error.message : String(error);
    scope.postMessage({ kind: "failed", id, code, message });
  }
}
