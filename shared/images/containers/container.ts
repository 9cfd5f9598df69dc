/** What this product knows of one file format: which bytes a decoder may see, and which bytes others may see. */
export interface Container {
  /**
   * The parts of a file that its first frame needs, in order. Only these are safe to decode.
   * @throws ContentRejectedError
   */
  readonly decodable: (file: Buffer) => Iterable<Uint8Array>;
  /**
   * The file without its metadata; pixels, frames and samples as they are.
   * @throws ContentRejectedError
   */
  readonly stripped: (file: Buffer) => Iterable<Uint8Array>;
}
