/** What can go wrong with a picture, each with a name that programs can act on. */

/**
 * - `damaged`: the bytes are not a JPEG, or a broken one
 * - `changed`: the picture was changed after its ComRec data had been written
 * - `version`: made by a newer comrec_tf
 * - `preset`: made with a pair of networks that the site does not have
 * - `size`: more pixels than `maxPixels`
 * - `origin`: from another origin, and that was not allowed
 * - `unsupported`: CMYK, or a browser that lacks what is needed
 * - `unavailable`: a file of the site (manifest, model, runtime) is missing or wrong
 */
export type ErrorCode =
  | "damaged"
  | "changed"
  | "version"
  | "preset"
  | "size"
  | "origin"
  | "unsupported"
  | "unavailable";

/** Why a picture was not restored. Aborting is not one: that rejects with the signal's reason. */
export class ComrecError extends Error {
  override readonly name = "ComrecError";

  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
  }
}
