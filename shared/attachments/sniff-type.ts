import { fileTypeFromBuffer } from 'file-type';
import { bufferOf } from '../images/buffer-of.ts';
import { AVATAR_TYPES } from '../images/formats.ts';
import { sniffImageType } from '../images/image-signature.ts';

/** How much of a file's start tells its type. */
export const HEAD_BYTES = 4100;

const UNKNOWN = 'application/octet-stream';

/**
 * What its first bytes say a file is, honestly: a page is text/html. How it is served is decided elsewhere. Pictures by
 * the signatures that the decoder goes by, markup as browsers find it, the rest by file-type; else it is text, or unknown.
 */
export async function sniffType(head: Uint8Array): Promise<string> {
  const bytes = bufferOf(head);
  const picture = sniffImageType(bytes);
  if (picture !== undefined) return picture;
  const text = decodeText(bytes);
  if (text === undefined) return (await signatureTypeOf(bytes)) ?? UNKNOWN;
  return markupTypeOf(text) ?? (await textTypeOf(bytes)) ?? 'text/plain';
}

/** What a text starts with that browsers take for a page (WHATWG MIME Sniffing, 7.1). */
const PAGE =
  /^(<!doctype html|<html|<head|<script|<iframe|<h1|<div|<font|<table|<a|<style|<title|<b|<body|<br|<p)[\s>]|^<!--/i;

function markupTypeOf(text: string): string | undefined {
  const start = text.trimStart();
  if (PAGE.test(start)) return 'text/html';
  if (!start.startsWith('<?xml')) return undefined;
  return /<(\w+:)?html[\s>]/i.test(start) ? 'application/xhtml+xml' : 'application/xml';
}

async function signatureTypeOf(bytes: Buffer): Promise<string | undefined> {
  try {
    // Without the codecs and profiles that it adds as parameters.
    const type = (await fileTypeFromBuffer(bytes))?.mime.split(';')[0];
    // Of these the decoder's signatures have the say, and they said no.
    return type !== undefined && Object.hasOwn(AVATAR_TYPES, type) ? undefined : type;
  } catch {
    return undefined; // a head that breaks its parsers is of no type that it knows
  }
}

/** file-type knows some types by two or three letters: a text on BMW would be a bitmap, one that begins with MZ a program. */
async function textTypeOf(bytes: Buffer): Promise<string | undefined> {
  const type = await signatureTypeOf(bytes);
  return type !== undefined && TEXT_TYPES.has(type) ? type : undefined;
}

const TEXT_TYPES: ReadonlySet<string> = new Set([
  'text/calendar',
  'text/vcard',
  'text/vtt',
  'application/pdf',
  'application/rtf',
  'application/postscript',
  'application/eps',
  'application/pgp-encrypted',
]);

/**
 * The text in its encoding, as its mark says (WHATWG Encoding, 6.1) or in UTF-8; undefined if it is in neither or has
 * characters that no text has (WHATWG MIME Sniffing, 3). The last character may be cut off.
 */
function decodeText(bytes: Buffer): string | undefined {
  const mark = bytes.toString('latin1', 0, 2);
  const encoding = mark === '\xff\xfe' ? 'utf-16le' : mark === '\xfe\xff' ? 'utf-16be' : 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no text has
    return /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Of the keys only: a file is offered under the name that its uploader gave it. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  ...AVATAR_TYPES,
  'image/heic': 'heic',
  'image/svg+xml': 'svg',
  'application/pdf': 'pdf',
  'application/zip': 'zip',
  'application/json': 'json',
  'text/plain': 'txt',
  'text/csv': 'csv',
  'text/markdown': 'md',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/x-m4a': 'm4a',
  'audio/quicktime': 'mov',
  'audio/3gpp': '3gp',
  'audio/3gpp2': '3g2',
  'audio/webm': 'webm',
  'audio/matroska': 'mka',
  'audio/ogg': 'ogg',
  'video/mp4': 'mp4',
  'video/x-m4v': 'm4v',
  'video/quicktime': 'mov',
  'video/3gpp': '3gp',
  'video/3gpp2': '3g2',
  'video/webm': 'webm',
  'video/matroska': 'mkv',
  'video/ogg': 'ogv',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
};

/** What an operator sees at the end of a key. `bin` for every other type. */
export function extensionOf(contentType: string): string {
  return EXTENSIONS[contentType] ?? 'bin';
}
