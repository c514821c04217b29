/** The LiteRT runtime in a worker: loaded when the first picture needs it, a model per pair. */

import { type CompiledModel, Tensor, loadAndCompile, loadLiteRt } from "@litertjs/core";

import { ComrecError } from "./errors.js";
import { type Manifest, type Pair, loadManifest, loadModel } from "./manifest.js";
import type { Setup } from "./messages.js";
import { inputSide } from "./tiles.js";

/** More threads gain little on tiles. */
const MAX_THREADS = 8;

/** A pair's network, ready to restore tiles. */
export interface Network {
  pair: Pair;
  /** RGB in grey levels, which the caller fills: a tile with its halo. */
  input: Float32Array;
  /**
   * Restore what is in `input`.
   *
   * @param conditions - what is known of the file's coding, five numbers; see `ofTables`.
   * @returns RGB in grey levels, side squared times 3, neither rounded nor clipped.
   */
  run(conditions: Float32Array): Promise<Float32Array>;
}

/** What a worker computes with. */
export class Engine {
  private readonly base: URL;
  private manifestPromise: Promise<Manifest> | undefined;
  private runtimePromise: Promise<"webgpu" | "wasm"> | undefined;
  private readonly networks = new Map<string, Promise<Network>>();

  constructor(private readonly setup: Setup) {
    this.base = new URL(setup.base);
  }

  /** The site's manifest, loaded once. */
  manifest(): Promise<Manifest> {
    return (this.manifestPromise ??= retried(loadManifest(this.base), () => {
      this.manifestPromise = undefined;
    }));
  }

  /** A pair's network, loaded, checked and compiled once. */
  network(pair: Pair): Promise<Network> {
    let network = this.networks.get(pair.sha256);
    if (network === undefined) {
      network = retried(this.compile(pair), () => this.networks.delete(pair.sha256));
      this.networks.set(pair.sha256, network);
    }
    return network;
  }

  private async compile(pair: Pair): Promise<Network> {
    const { runtime } = await this.manifest();
    this.runtimePromise ??= retried(this.loadRuntime(new URL(runtime, this.base)), () => {
      this.runtimePromise = undefined;
    });
    const [content, accelerator] = await Promise.all([
      loadModel(this.base, pair),
      this.runtimePromise,
    ]);
    const numThreads = this.setup.threads
      ? Math.min(navigator.hardwareConcurrency, MAX_THREADS)
      : 1;
    const compile = (accelerator: "webgpu" | "wasm"): Promise<CompiledModel> =>
      loadAndCompile(content, {
        accelerator,
        cpuOptions: { numThreads },
        // float16 would be off by more than a grey level.
        gpuOptions: { precision: "fp32" },
      });
    const model = await compile(accelerator).catch((error: unknown) => {
      if (accelerator === "wasm" || this.setup.accelerator !== "auto") throw error;
      return compile("wasm"); // whatever was wrong with the GPU
    });
    return new TileNetwork(pair, model);
  }

  private async loadRuntime(folder: URL): Promise<"webgpu" | "wasm"> {
    if (folder.origin !== this.base.origin) {
      throw new ComrecError("unavailable", `${folder} is of another origin than ${this.base}`);
    }
    const accelerator = await chooseAccelerator(this.setup.accelerator);
    const scope = globalThis as { Module?: object };
    // Options of the runtime's loader, which would otherwise take this worker's address as its own.
    scope.Module = {
      locateFile: (name: string) => new URL(name, folder).href,
      mainScriptUrlOrBlob: new URL("litert_wasm_threaded_internal.js", folder).href,
      print: () => {},
      printErr: () => {},
    };
    const warn = console.warn;
    // It warns wherever there is no GPU.
    console.warn = () => {};
    try {
      await loadLiteRt(folder.href, { threads: this.setup.threads && accelerator === "wasm" });
    } catch (error) {
      throw new ComrecError("unavailable", `the runtime at ${folder} cannot be loaded: ${error}`);
    } finally {
      console.warn = warn;
    }
    return accelerator;
  }
}

class TileNetwork implements Network {
  readonly input: Float32Array;

  constructor(
    readonly pair: Pair,
    private readonly model: CompiledModel,
  ) {
    const side = inputSide(pair);
    const expected = [1, side, side, 3].join();
    const tile = model.getInputDetails().find(({ name }) => name === "tile");
    if (tile?.dtype !== "float32" || tile.shape.join() !== expected) {
      throw new ComrecError(
        "unavailable",
        `expected a model with a float32 input "tile" of shape ${expected}. ` +
          `Received: ${tile?.dtype} ${tile?.shape.join()}`,
      );
    }
    this.input = new Float32Array(side * side * 3);
  }

  async run(conditions: Float32Array): Promise<Float32Array> {
    const side = inputSide(this.pair);
    const inputs: Record<string, Tensor> = { tile: new Tensor(this.input, [1, side, side, 3]) };
    const count = this.pair.conditions;
    if (count > 0) {
      const name = count === 1 ? "log_step" : "conditions";
      inputs[name] = new Tensor(conditions.slice(0, count), [count]);
    }
    try {
      const [output] = Object.values(await this.model.run(inputs));
      const onHost = output.accelerator === "wasm" ? output : await output.moveTo("wasm");
      try {
        return onHost.toTypedArray() as Float32Array;
      } finally {
        onHost.delete();
      }
    } finally {
      for (const tensor of Object.values(inputs)) tensor.delete();
    }
  }
}

/** Choose WebGPU only with a real GPU: an emulated one is far slower than WASM. */
async function chooseAccelerator(wanted: Setup["accelerator"]): Promise<"webgpu" | "wasm"> {
  if (wanted !== "auto") return wanted;
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return adapter && !adapter.info?.isFallbackAdapter ? "webgpu" : "wasm";
}

/** Forget a promise that fails, so that it is tried again: there may be a connection later. */
function retried<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget);
  return promise;
}
