/** What a page may use. Importing it does nothing; `comrec-auto.js` defines and upgrades. */

export { ComrecImage, defineComrecImage } from "./element.js";
export { ComrecError, type ErrorCode } from "./errors.js";
export type { Description, Kind } from "./inspect.js";
export type { Accelerator } from "./messages.js";
export { type RestoreOptions, inspect, release, restore } from "./restore.js";
export type { Source } from "./source.js";
export { upgradeImages } from "./upgrade.js";
