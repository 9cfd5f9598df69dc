import type { Container } from '../container.ts';
import { decodableAvif } from './decodable.ts';
import { strippedAvif } from './stripped.ts';

export const avif: Container = { decodable: decodableAvif, stripped: strippedAvif };
