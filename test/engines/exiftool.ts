import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installOnce, runCommand } from './engine-process.ts';

const PACKAGE = 'exiftool-vendored.pl';
const VERSION = '13.59.3';

/** Embedded files and unknown tags included, duplicates kept, each tag named with the group that it is in. */
const OPTIONS = ['-ee3', '-api', 'LargeFileSupport', '-a', '-U', '-G1', '-b', '-j'];

/** What ExifTool says of the file itself, not of its content. */
const OF_THE_FILE = /^(?:SourceFile|System:|ExifTool:ExifToolVersion)/;

/**
 * All tags that ExifTool finds in a file: `group:tag` -> value, binary values in base64.
 * @throws EngineUnavailableError without Perl.
 */
export async function readAllTags(file: Uint8Array): Promise<Readonly<Record<string, unknown>>> {
  const program = join(await installExifTool(), 'bin/exiftool');
  await using folder = await mkdtempDisposable(join(tmpdir(), 'exiftool-'));
  const path = join(folder.path, 'file');
  await writeFile(path, file);
  const output = await runCommand('perl', [program, ...OPTIONS, path]).catch(outputOf);
  const [tags = {}] = JSON.parse(output) as Record<string, unknown>[];
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !OF_THE_FILE.test(name)));
}

/** Parts of the names of groups and of tags that say where, when, by whom or with what an image was made. */
const PERSONAL_GROUPS = /^(?:GPS|IFD|ExifIFD|Interop|XMP|IPTC|Photoshop|Maker|UserData|ItemList|Keys|JFXX)/;
const PERSONAL_TAGS =
  /GPS|Location|Make|Model|Serial|Owner|Author|Artist|Copyright|Date|Software|Comment|Title|Descri|Name/;

/**
 * The names of the tags that say something of a person or a device. What a colour profile says of itself does not count,
 * nor do a time of zero and the name that every profile in a PNG has here.
 */
export function personalTags(tags: Readonly<Record<string, unknown>>): string[] {
  const found = Object.entries(tags).filter(
    ([tag, value]) => value !== '0000:00:00 00:00:00' && `${tag} ${value}` !== 'PNG:ProfileName profile',
  );
  return found
    .map(([name]) => name)
    .filter((name) => {
      const [group = '', tag = ''] = name.split(':');
      return !/^ICC/.test(group) && tag !== 'Orientation' && (PERSONAL_GROUPS.test(group) || PERSONAL_TAGS.test(tag));
    });
}

/** For a file that it cannot read ExifTool prints an `ExifTool:Error` tag and exits with 1. */
function outputOf(error: Error & { readonly stdout?: string }): string {
  if (!error.stdout) throw error;
  return error.stdout;
}

/** Outside package.json: npm refuses to install the package on Windows. */
async function installExifTool(): Promise<string> {
  const folder = await installOnce(`exiftool-${VERSION}`, async (draft) => {
    const options = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--silent'];
    await runCommand('npm', ['install', '--prefix', draft, ...options, `${PACKAGE}@${VERSION}`]);
  });
  return join(folder, 'node_modules', PACKAGE);
}
