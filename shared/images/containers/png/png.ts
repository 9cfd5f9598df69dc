import type { Container } from '../container.ts';
import { decodablePng } from './decodable.ts';
import { strippedPng } from './stripped.ts';

export const png: Container = { decodable: decodablePng, stripped: strippedPng };
