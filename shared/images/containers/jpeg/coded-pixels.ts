import { damagedImage } from '../../image-rejections.ts';
import { type BlockTables, type KnownCoefficients, ProgressiveWalk, walkSequentialBlock } from './block-walk.ts';
import type { JpegComponent, JpegFrame } from './frame.ts';
import { CodedBits, type HuffmanCodes, type HuffmanTable, huffmanTable } from './huffman.ts';
import type { JpegScan } from './scans.ts';
import { isRestart } from './segments.ts';

export interface ScanContext {
  readonly frame: JpegFrame;
  readonly scan: JpegScan;
  /** Class and destination in one byte -> codes. */
  readonly codes: ReadonlyMap<number, HuffmanCodes>;
  /** Units of blocks between two restart markers. 0: there are no restart markers. */
  readonly restartInterval: number;
  /** Of a progressive frame: component id -> what earlier scans have set; this scan adds to it. */
  readonly known: Map<number, KnownCoefficients>;
}

/**
 * The coded pixels of a scan, `[from, to)`, without bytes that belong to no pixel. Some cameras write a few in front of a
 * restart marker; decoders skip them, but count that as damage. Follows the codes and draws nothing.
 * @throws ContentRejectedError image_damaged when pixels are missing
 */
export function* codedPixels(file: Buffer, from: number, to: number, context: ScanContext): Generator<Uint8Array> {
  const scan = file.subarray(0, to);
  const units = unitsOf(context);
  const interval = context.restartInterval || units.count;
  let at = from;
  for (let first = 0; first < units.count; first += interval) {
    const last = Math.min(first + interval, units.count);
    const bits = new CodedBits(scan, at);
    units.walk(bits, first, last);
    yield scan.subarray(at, bits.end());
    if (last === units.count) return;
    const marker = restartAfter(scan, bits.end());
    yield scan.subarray(marker, marker + 2);
    at = marker + 2;
  }
}

function restartAfter(scan: Buffer, from: number): number {
  for (let at = scan.indexOf(0xff, from); at !== -1; at = scan.indexOf(0xff, at + 1)) {
    if (isRestart(scan[at + 1] ?? 0)) return at;
  }
  throw damagedImage('it ends before its last pixels');
}

interface Units {
  readonly count: number;
  /** Passes over the units from `first` up to `last`. */
  walk(bits: CodedBits, first: number, last: number): void;
}

/** The units of blocks that a scan consists of: of one component single blocks, of several a few of each (A.2.3). */
function unitsOf(context: ScanContext): Units {
  const { frame, scan } = context;
  const components = scan.components.map(({ id, dcTable, acTable }) => {
    const component = frame.components.find((one) => one.id === id) as JpegComponent;
    return { ...component, dc: tableAt(context, dcTable, 'dc'), ac: tableAt(context, 0x10 | acTable, 'ac') };
  });
  const [single, ...others] = components;
  if (single === undefined) throw damagedImage('a scan is malformed');
  const { across, down } = others.length === 0 ? blocksOf(frame, single) : interleavedUnits(frame);
  const blocks = components.flatMap((one) =>
    Array<BlockTables>(others.length === 0 ? 1 : one.across * one.down).fill(one),
  );
  const known = others.length === 0 && !frame.isSequential ? knownOf(context, single, across * down) : NOTHING_KNOWN;
  return {
    count: across * down,
    walk(bits, first, last) {
      const progressive = frame.isSequential ? undefined : new ProgressiveWalk(bits, scan);
      for (let unit = first; unit < last; unit++) {
        for (const block of blocks) {
          if (progressive) progressive.block(block, known, unit);
          else walkSequentialBlock(bits, block);
        }
      }
    },
  };
}

const NOTHING_KNOWN: KnownCoefficients = new Uint32Array(0);
/** In place of a table that the scan does not use: no code stands for anything. */
const NO_CODES: HuffmanTable = new Uint16Array(0);

function tableAt({ codes, scan }: ScanContext, id: number, kind: 'dc' | 'ac'): HuffmanTable {
  const isUsed = kind === 'dc' ? scan.first === 0 && scan.bitsBefore === 0 : scan.last > 0;
  const found = isUsed ? codes.get(id) : undefined;
  if (found === undefined && isUsed) throw damagedImage('a scan names a table that is not there');
  return found ? huffmanTable(found) : NO_CODES;
}

/** Blocks of a component that is alone in its scan. */
function blocksOf(frame: JpegFrame, component: JpegComponent) {
  const most = largestSampling(frame);
  return {
    across: Math.ceil(Math.ceil((frame.width * component.across) / most.across) / 8),
    down: Math.ceil(Math.ceil((frame.height * component.down) / most.down) / 8),
  };
}

function interleavedUnits(frame: JpegFrame) {
  const most = largestSampling(frame);
  return {
    across: Math.ceil(frame.width / (8 * most.across)),
    down: Math.ceil(frame.height / (8 * most.down)),
  };
}

function largestSampling({ components }: JpegFrame) {
  return {
    across: Math.max(...components.map(({ across }) => across)),
    down: Math.max(...components.map(({ down }) => down)),
  };
}

function knownOf({ known }: ScanContext, { id }: JpegComponent, blocks: number): KnownCoefficients {
  const found = known.get(id) ?? new Uint32Array(2 * blocks);
  known.set(id, found);
  return found;
}
