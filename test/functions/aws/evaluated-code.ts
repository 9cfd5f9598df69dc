import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
    }[];
  }[];
}

/**
 * Whether the code around `text` in a file ever ran, by the coverage that V8 wrote to `folder` (NODE_V8_COVERAGE): the
 * smallest range around it says how often.
 */
export async function wasEvaluated(file: string, text: string, folder: string): Promise<boolean> {
  const source = await readFile(file, 'utf8');
  const at = source.indexOf(text);
  if (at < 0) throw new Error(`"${text}" is not in ${file}`);
  const counts: { readonly size: number; readonly count: number }[] = [];
  for (const name of await readdir(folder)) {
    const { result }: Coverage = JSON.parse(await readFile(join(folder, name), 'utf8'));
    for (const script of result.filter(({ url }) => url.endsWith(file))) {
      for (const { startOffset, endOffset, count } of script.functions.flatMap(({ ranges }) => ranges)) {
        if (startOffset <= at && at < endOffset) counts.push({ size: endOffset - startOffset, count });
      }
    }
  }
  const [smallest] = counts.sort((a, b) => a.size - b.size);
  if (!smallest) throw new Error(`there is no coverage of ${file}`);
  return smallest.count > 0;
}
