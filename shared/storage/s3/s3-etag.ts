/** An ETag of the port, from S3's header: without quotes. */
export function eTagOf(header: string | undefined): string {
  if (header === undefined) throw new TypeError('S3 answered without an ETag');
  return header.replaceAll('"', '');
}

/** As headers and lists of parts have it. */
export function quoted<T extends string | undefined>(eTag: T): T {
  return (eTag && `"${eTag}"`) as T;
}
