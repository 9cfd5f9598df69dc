import type { Container } from '../container.ts';
import { decodableGif } from './decodable.ts';
import { strippedGif } from './stripped.ts';

export const gif: Container = { decodable: decodableGif, stripped: strippedGif };
