/**
 * What one upload may cost the decoder. Together they keep every file within about 1 GB and 10 s, whatever its header
 * promises (OWASP ASVS 5, V5.2).
 */
export const IMAGE_LIMITS = {
  /** Width x height of the first frame of a JPEG. Phones take photos of up to 108 megapixels. */
  jpegPixels: 120_000_000,
  /** The same for PNG, WebP and GIF, which are unpacked as a whole in the worst case. */
  pixels: 2 ** 26,
  /** The same for AVIF, whose decoder holds the whole frame and takes about 70 ms a megapixel. */
  avifPixels: 26_000_000,
  /** Bytes of an AVIF. Its decoder takes time for each of them too; a photo has one or two bits a pixel, this allows 12. */
  avifBytes: 24_000_000,
  /** Frames of one AVIF picture: the layers of a progressive one (AVIF 1.1, 2.3.2.3). */
  avifFrames: 4,
  /** Tiles of one AVIF image. */
  avifTiles: 1_024,
  /** Frames of an animated AVIF, all tracks together: half an hour at 50 a second. */
  avifFilmFrames: 100_000,
  /** Boxes of an AVIF inside one other, and places of its items' bytes. A picture of 1,000 tiles needs a few thousand. */
  avifBoxes: 20_000,
  /** Scans of a JPEG. Each passes over the whole image; a camera or a website writes about ten. */
  jpegScans: 64,
  /** Pixels of a JPEG times its scans: 24 scans of 120 megapixels, or 64 of 45. */
  jpegScannedPixels: 2_880_000_000,
  /** Segments of a JPEG. The largest profile has 65 parts, and metadata of several megabytes a few hundred. */
  jpegSegments: 20_000,
  /** Chunks of a PNG. The largest that are stripped have about 30,000. */
  pngChunks: 1_000_000,
  /** Frames of an animated WebP. */
  webpFrames: 100_000,
  /** Bytes of a colour profile, unpacked. A display profile has 3 kB, a press profile up to 3 MB. */
  colourProfileBytes: 4_194_304,
} as const;
