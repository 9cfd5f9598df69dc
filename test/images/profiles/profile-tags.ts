/** Reads the tags of a whole profile. Apart from the code under test, which has some of this too. */

/** Signature -> element, in the order of the tag table. */
export function tagsOf(profile: Buffer): Record<string, Buffer> {
  const rows = Array.from({ length: profile.readUInt32BE(128) }, (_, at) => 132 + 12 * at);
  return Object.fromEntries(
    rows.map((row) => {
      const start = profile.readUInt32BE(row + 4);
      const element = profile.subarray(start, start + profile.readUInt32BE(row + 8));
      return [profile.toString('latin1', row, row + 4), element];
    }),
  );
}

/** Where the table says that the element of a tag begins, and how long it is; for tests that change it. */
export function rowOf(profile: Buffer, signature: string): { readonly startAt: number; readonly sizeAt: number } {
  const row = profile.indexOf(signature, 132, 'latin1');
  return { startAt: row + 4, sizeAt: row + 8 };
}

/** A copy of `profile` with one change. */
export function altered(profile: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(profile);
  change(copy);
  return copy;
}

/** A profile whose declared size is its length, with `bytes` more or fewer at its end. */
export function resized(profile: Buffer, bytes: number): Buffer {
  const copy = Buffer.alloc(profile.length + bytes);
  profile.copy(copy);
  copy.writeUInt32BE(copy.length, 0);
  return copy;
}

/** Whether the text is in the profile, in one byte or two bytes a character. */
export function holdsText(profile: Buffer, text: string): boolean {
  return profile.includes(text, 0, 'latin1') || profile.includes(Buffer.from(text, 'utf16le').swap16());
}
