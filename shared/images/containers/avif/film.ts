import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage } from '../../image-rejections.ts';
import { auxiliaryTypeEnd, isShownAuxiliary } from '../isobmff/auxiliary-types.ts';
import { type Box, boxes, clearHandlerName, keepChildren, keepStart, onlyBox, optionalBox } from '../isobmff/boxes.ts';
import type { ByteRange } from '../isobmff/kept-bytes.ts';
import { keepImageProperties } from '../isobmff/properties.ts';
import { AV1_CODEC } from './av1-codec.ts';
import { clearHeader } from './film-headers.ts';
import { keepTables, samplePlaces, TABLE_BOXES } from './sample-tables.ts';

const MOVIE_BOXES = new Set(['mvhd', 'trak', 'mvex']);
const TRACK_BOXES = new Set(['tkhd', 'tref', 'edts', 'mdia']);
/** This track is the alpha of another one, or other tracks are multiplied by it. */
const TRACK_REFERENCES = new Set(['auxl', 'prem']);
const MEDIA_BOXES = new Set(['mdhd', 'hdlr', 'minf']);
const INFORMATION_BOXES = new Set(['vmhd', 'dinf', 'stbl']);
const HANDLERS = new Set(['pict', 'auxv', 'vide']);

/**
 * Removes the metadata from the film of an animated AVIF (`moov`) in place: times, languages, names and all unknown boxes
 * are zeroed, and so is metadata in the frames.
 * @returns the bytes of the frames
 * @throws ContentRejectedError image_damaged, also for tracks that are not AV1 images, and for films in fragments
 */
export function stripFilm(file: Buffer, moov: Box): ByteRange[] {
  const children = keepChildren(file, moov, MOVIE_BOXES);
  if (children.some(({ type }) => type === 'mvex')) throw damagedImage('it is a film in fragments');
  clearHeader(file, onlyBox(children, 'mvhd'));
  const frames: ByteRange[] = [];
  let total = 0;
  for (const trak of children.filter(({ type }) => type === 'trak')) {
    for (const place of samplePlaces(file, stripTrack(file, trak))) {
      const frame = file.subarray(place.start, place.end);
      total += frame.length;
      if (total > file.length || place.end > file.length) throw damagedImage('its frames are not all there');
      if (frames.length === IMAGE_LIMITS.avifFilmFrames) throw damagedImage('it has too many frames');
      AV1_CODEC.stripCoded(frame, undefined);
      frames.push(place);
    }
  }
  return frames;
}

/** @returns the tables that tell where its samples are */
function stripTrack(file: Buffer, trak: Box): readonly Box[] {
  const children = keepChildren(file, trak, TRACK_BOXES);
  clearHeader(file, onlyBox(children, 'tkhd'));
  const tref = optionalBox(children, 'tref');
  if (tref) stripReferences(file, tref);
  const edts = optionalBox(children, 'edts');
  if (edts) keepTables(file, keepChildren(file, edts, new Set(['elst'])));
  const media = keepChildren(file, onlyBox(children, 'mdia'), MEDIA_BOXES);
  clearHeader(file, onlyBox(media, 'mdhd'));
  stripHandler(file, onlyBox(media, 'hdlr'));
  const information = keepChildren(file, onlyBox(media, 'minf'), INFORMATION_BOXES);
  const vmhd = optionalBox(information, 'vmhd');
  if (vmhd) keepStart(file, vmhd, 12);
  stripDataReference(file, onlyBox(information, 'dinf'));
  const tables = keepChildren(file, onlyBox(information, 'stbl'), TABLE_BOXES);
  stripSampleEntries(file, onlyBox(tables, 'stsd'));
  keepTables(file, tables);
  return tables;
}

/** Each names one track by an id of 4 bytes. */
function stripReferences(file: Buffer, tref: Box): void {
  for (const { contentStart, end } of keepChildren(file, tref, TRACK_REFERENCES)) {
    if (end - contentStart !== 4) throw damagedImage('a track refers to several others');
  }
}

function stripHandler(file: Buffer, hdlr: Box): void {
  clearHandlerName(file, hdlr);
  const handler = file.toString('latin1', hdlr.contentStart + 8, hdlr.contentStart + 12);
  if (!HANDLERS.has(handler)) throw damagedImage(`a track of "${handler}" is unknown`);
}

/** The samples are in this file: one `url ` with no URL, and the flag that says so (ISO/IEC 14496-12, 8.7.2). */
function stripDataReference(file: Buffer, dinf: Box): void {
  const dref = onlyBox(keepChildren(file, dinf, new Set(['dref'])), 'dref');
  const [url, ...others] = [...boxes(file, dref.contentStart + 8, dref.end)];
  if (url === undefined || others.length > 0 || url.type !== 'url ') throw elsewhere();
  keepStart(file, url, 4);
  if ((file.readUInt8(url.contentStart + 3) & 1) === 0) throw elsewhere();
}

/**
 * `stsd` (ISO/IEC 14496-12, 8.5.2) has version and flags, a count, and entries of 78 bytes with boxes behind them. Among
 * the 78 are reserved bytes, and the name of the encoder (12.1.3).
 */
function stripSampleEntries(file: Buffer, stsd: Box): void {
  for (const { type, contentStart, end } of boxes(file, stsd.contentStart + 8, stsd.end)) {
    const propertiesAt = contentStart + 78;
    if (type !== 'av01' || propertiesAt > end) throw damagedImage(`frames of type "${type}" are unknown`);
    file.fill(0, contentStart + 8, contentStart + 24);
    file.fill(0, contentStart + 42, contentStart + 74);
    keepImageProperties(file, boxes(file, propertiesAt, end), { ...AV1_CODEC.properties, ...FILM_PROPERTIES });
  }
}

/** What is coded from other frames; which auxiliary image it is (ISO/IEC 23008-12, 7.2.3, 7.5.3); the bit rate. */
const FILM_PROPERTIES = {
  ccst: () => 8,
  auxi(content: Buffer) {
    if (!isShownAuxiliary(content)) throw damagedImage('it has a track of depth, or something else');
    return auxiliaryTypeEnd(content);
  },
  btrt: () => 12,
};

function elsewhere() {
  return damagedImage('its frames are in another file');
}
