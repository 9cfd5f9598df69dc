import { LEASE_SECONDS } from '../../functions/settings.ts';
import type { FunctionName } from '../function-bundle.ts';

export interface FunctionSize {
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  /** Of the process itself, besides the service's own variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Memory is also share of a processor: 1,769 MB are a whole one. HTTP APIs wait 30 s at most. */
export const FUNCTION_SIZES: Readonly<Record<FunctionName, FunctionSize>> = {
  'public-api': { memoryMegabytes: 512, timeoutSeconds: 5 },
  api: { memoryMegabytes: 512, timeoutSeconds: 29 },
  // glibc keeps an arena for each thread: one holds half the memory after large pictures, at no cost of time.
  // A worker that outlived its lease would work beside the next one.
  'process-upload': { memoryMegabytes: 2048, timeoutSeconds: LEASE_SECONDS, environment: { MALLOC_ARENA_MAX: '1' } },
  maintenance: { memoryMegabytes: 512, timeoutSeconds: 60 },
};
