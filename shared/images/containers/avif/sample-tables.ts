import { damagedImage } from '../../image-rejections.ts';
import { type Box, keepStart, onlyBox, optionalBox } from '../isobmff/boxes.ts';
import type { ByteRange } from '../isobmff/kept-bytes.ts';

/** What is kept in a track's `stbl`: the samples' type, times, sizes and places, and which of them need no other. */
export const TABLE_BOXES: ReadonlySet<string> = new Set([
  'stsd',
  'stts',
  'ctts',
  'stsc',
  'stsz',
  'stco',
  'co64',
  'stss',
]);

/** Bytes of an entry (ISO/IEC 14496-12, 8.6 and 8.7). */
const ENTRY_BYTES: Readonly<Record<string, number>> = { stts: 8, ctts: 8, stsc: 12, stco: 4, co64: 8, stss: 4 };

/**
 * Zeros what follows the last entry of each table.
 * @throws ContentRejectedError image_damaged when a table has fewer entries than it says
 */
export function keepTables(file: Buffer, tables: readonly Box[]): void {
  for (const table of tables) {
    if (table.type === 'stsd') continue;
    const { start, count, entryBytes } = entriesOf(file, table);
    keepStart(file, table, start + count * entryBytes);
  }
}

/**
 * The bytes of a track's samples, in their order: chunks of samples that follow each other.
 * @throws ContentRejectedError image_damaged when the tables do not fit together
 */
export function* samplePlaces(file: Buffer, tables: readonly Box[]): Generator<ByteRange> {
  const { count, sizeOf } = sampleSizes(file, onlyBox(tables, 'stsz'));
  let sample = 0;
  for (const { start, samples } of chunksOf(file, tables)) {
    let at = start;
    for (let index = 0; index < samples; index++) {
      const end = at + sizeOf(sample);
      yield { start: at, end };
      at = end;
      sample += 1;
    }
  }
  if (sample !== count) throw notTogether();
}

interface Entries {
  /** Where the first one is in the table's content. */
  readonly start: number;
  readonly count: number;
  readonly entryBytes: number;
}

/** Version and flags, and a count. `stsz` has one size for all before it, or zero and a size for each. */
function entriesOf(file: Buffer, { type, contentStart, end }: Box): Entries {
  const start = type === 'stsz' ? 12 : 8;
  if (contentStart + start > end) throw notTogether();
  const count = file.readUInt32BE(contentStart + start - 4);
  if (type === 'stsz') return { start, count, entryBytes: file.readUInt32BE(contentStart + 4) === 0 ? 4 : 0 };
  if (type === 'elst') return { start, count, entryBytes: file[contentStart] === 1 ? 20 : 12 };
  return { start, count, entryBytes: ENTRY_BYTES[type] ?? 0 };
}

/** How many samples there are, and the size of each by its number, from 0 on. */
function sampleSizes(file: Buffer, stsz: Box): { readonly count: number; readonly sizeOf: (sample: number) => number } {
  const { start, count, entryBytes } = entriesOf(file, stsz);
  const sizeOfAll = file.readUInt32BE(stsz.contentStart + 4);
  const sizeOf = (sample: number) => {
    if (sample >= count) throw notTogether();
    return entryBytes === 0 ? sizeOfAll : file.readUInt32BE(stsz.contentStart + start + sample * entryBytes);
  };
  return { count, sizeOf };
}

/** Where each chunk starts, and how many samples it has: `stsc` says so for the first of several that have as many. */
function* chunksOf(
  file: Buffer,
  tables: readonly Box[],
): Generator<{ readonly start: number; readonly samples: number }> {
  const stco = optionalBox(tables, 'stco');
  const offsets = stco ?? onlyBox(tables, 'co64');
  if (stco !== undefined && optionalBox(tables, 'co64') !== undefined) throw notTogether();
  const stsc = onlyBox(tables, 'stsc');
  const [places, runs] = [entriesOf(file, offsets), entriesOf(file, stsc)];
  const runAt = (run: number) => stsc.contentStart + runs.start + run * runs.entryBytes;
  for (let chunk = 0, run = -1; chunk < places.count; chunk++) {
    if (run + 1 < runs.count && file.readUInt32BE(runAt(run + 1)) === chunk + 1) run += 1;
    if (run < 0) throw notTogether();
    const at = offsets.contentStart + places.start + chunk * places.entryBytes;
    const samples = file.readUInt32BE(runAt(run) + 4);
    const start = places.entryBytes === 4 ? file.readUInt32BE(at) : Number(file.readBigUInt64BE(at));
    yield { start, samples };
  }
}

function notTogether() {
  return damagedImage('the tables of its frames do not fit together');
}
