import { LEASE_SECONDS } from '../../functions/settings.ts';
import type { FunctionName } from '../function-bundle.ts';

export interface FunctionSize {
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
}

/** The processor share grows with memory: 1,769 MB are one vCPU. HTTP APIs wait 30 s at most. */
export const FUNCTION_SIZES: Readonly<Record<FunctionName, FunctionSize>> = {
  'public-api': { memoryMegabytes: 512, timeoutSeconds: 5 },
  api: { memoryMegabytes: 512, timeoutSeconds: 29 },
  // The child process that renders may have 1.5 GB; its parent takes 360 MB over an image of 64 MiB.
  // A worker that outlives its lease would run beside the next one.
  'process-upload': { memoryMegabytes: 2048, timeoutSeconds: LEASE_SECONDS },
  // A sweep of a backlog is bound by the processor: a request to AWS takes about a millisecond of it.
  maintenance: { memoryMegabytes: 1769, timeoutSeconds: 60 },
};
