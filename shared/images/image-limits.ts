/**
 * What one upload may cost the decoder. Together they keep every file within about 1 GB and 10 s, whatever its header
 * promises (OWASP ASVS 5, V5.2).
 */
export const IMAGE_LIMITS = {
  /** Width x height of the first frame. A 50 megapixel photo decodes in well under a second. */
  pixels: 50_000_000,
  /** The same for AVIF, whose decoder holds the whole frame and takes about 70 ms a megapixel. */
  avifPixels: 16_000_000,
  /** Bytes of an AVIF. Its decoder takes time for each of them too; a photo has one or two bits a pixel, this allows 12. */
  avifBytes: 24_000_000,
  /** Frames of one AVIF picture: the layers of a progressive one (AVIF 1.1, 2.3.2.3). */
  avifFrames: 4,
  /** Boxes of an AVIF inside one other, and places of its items' bytes. A picture of 1,000 tiles needs a few thousand. */
  avifBoxes: 20_000,
  /** Scans of a JPEG. Each passes over the whole picture; a camera or a website writes about ten. */
  jpegScans: 64,
  /** Bytes of a colour profile, unpacked. A display profile has 3 kB, a press profile about 600 kB. */
  colourProfileBytes: 1_048_576,
} as const;
