import * as z from 'zod/mini';
import { ID_ACCEPTS, ID_PATTERN } from '../storage/object-keys.ts';

/** What the schemas of requests and answers are made of. */

/** Registers a schema under a name: a component of docs/openapi.json. */
export function named<S extends z.core.$ZodType>(id: string, schema: S): S {
  z.globalRegistry.add(schema, { id });
  return schema;
}

/** The id of a user, an agent, an organization or a context. */
export const Id = z.string().check(z.regex(ID_PATTERN, { error: ID_ACCEPTS }));
export const Timestamp = z.iso.datetime({ precision: 3 });
export const Url = z.string().check(z.regex(/^https?:\/\//));

/** RFC 6838: type "/" subtype, no parameters. */
export const MediaType = z.string().check(
  z.regex(/^[A-Za-z0-9][\w!#$&^.+-]{0,63}\/[A-Za-z0-9][\w!#$&^.+-]{0,63}$/, {
    error: 'a media type without parameters, as image/jpeg',
  }),
);

/** 32 bytes in base64. */
export const Sha256 = z.string().check(z.regex(/^[A-Za-z0-9+/]{43}=$/, { error: 'a SHA-256 in base64' }));
