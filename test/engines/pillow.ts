import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installOnce, runCommand } from './engine-process.ts';

const PILLOW = '12.0.0';
const PILLOW_HEIF = '1.8.1';

/** An image as Pillow shows it, pillow-heif for HEIC. */
export interface PillowImage {
  readonly format: string;
  /** Pixels, and for HEIC and AVIF upright. */
  readonly width: number;
  readonly height: number;
  readonly mode: string;
  /** As Exif says, 1 to 8. */
  readonly orientation: number;
  /** Base64; null if there is none. */
  readonly icc: string | null;
  readonly exif: string | null;
  readonly xmp: string | null;
  readonly thumbnails: number;
  readonly depthImages: number;
  /** The types of the other auxiliary images. */
  readonly auxiliaryImages: readonly string[];
  /** The raw pixels of each frame, and how many milliseconds it is shown. */
  readonly frames: readonly { readonly pixels: Buffer; readonly duration: number }[];
}

type Printed = Omit<PillowImage, 'frames'> & {
  readonly frames: readonly { readonly bytes: number; readonly duration: number }[];
};

/**
 * Decodes all frames of an image.
 * @throws EngineUnavailableError without Python 3; Error when Pillow cannot decode it.
 */
export async function decodeWithPillow(file: Uint8Array): Promise<PillowImage> {
  const python = await installPillow();
  await using folder = await mkdtempDisposable(join(tmpdir(), 'pillow-'));
  const [image, pixels] = [join(folder.path, 'image'), join(folder.path, 'pixels')];
  await writeFile(image, file);
  const script = join(import.meta.dirname, 'decode-image.py');
  const printed = JSON.parse(await runCommand(python, [script, image, pixels])) as Printed;
  return { ...printed, frames: framesOf(await readFile(pixels), printed.frames) };
}

/** The path of a Python that has Pillow and pillow-heif. */
export async function installPillow(): Promise<string> {
  const name = `pillow-${PILLOW}-heif-${PILLOW_HEIF}`;
  const folder = await installOnce(name, async (draft) => {
    await runCommand('python3', ['-m', 'venv', draft]);
    const options = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
    const packages = [`pillow==${PILLOW}`, `pillow-heif==${PILLOW_HEIF}`];
    await runCommand(join(draft, 'bin/python'), ['-m', 'pip', 'install', ...options, ...packages]);
  });
  return join(folder, 'bin/python');
}

function framesOf(pixels: Buffer, printed: Printed['frames']): PillowImage['frames'] {
  let at = 0;
  return printed.map(({ bytes, duration }) => {
    const start = at;
    at += bytes;
    return { pixels: pixels.subarray(start, at), duration };
  });
}
