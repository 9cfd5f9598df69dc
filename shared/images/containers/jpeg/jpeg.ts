import type { Container } from '../container.ts';
import { decodableJpeg } from './decodable.ts';
import { strippedJpeg } from './stripped.ts';

export const jpeg: Container = { decodable: decodableJpeg, stripped: strippedJpeg };
