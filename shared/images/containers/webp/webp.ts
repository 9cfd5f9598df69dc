import type { Container } from '../container.ts';
import { decodableWebp } from './decodable.ts';
import { strippedWebp } from './stripped.ts';

export const webp: Container = { decodable: decodableWebp, stripped: strippedWebp };
