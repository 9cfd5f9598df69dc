import { createApiHandler } from '../api.ts';
import { createApiDependencies } from './dependencies.ts';

export const handler = createApiHandler(createApiDependencies(process.env));
