import { createPublicApiHandler } from '../public-api.ts';
import { createPublicApiDependencies } from './dependencies.ts';

export const handler = createPublicApiHandler(createPublicApiDependencies(process.env));
