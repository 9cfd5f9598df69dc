import type { TestProject } from 'vitest/node';
import { type RunningDynamoDb, startDynamoDbLocal } from './dynamodb-local.ts';
import { type RunningS3, startSeaweedFs } from './seaweedfs.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    s3Engine: Omit<RunningS3, 'stop'>;
    dynamoDbEngine: Omit<RunningDynamoDb, 'stop'>;
  }
}

/** Starts the engines once for all test files. */
export default async function startEngines(project: TestProject): Promise<() => Promise<void>> {
  const { s3, dynamoDb, stop } = await startBoth();
  const { stop: _, ...s3Engine } = s3;
  const { stop: __, ...dynamoDbEngine } = dynamoDb;
  project.provide('s3Engine', s3Engine);
  project.provide('dynamoDbEngine', dynamoDbEngine);
  return stop;
}

/** Both engines, or none: when one does not start, the other is stopped. */
export async function startBoth(): Promise<{ s3: RunningS3; dynamoDb: RunningDynamoDb; stop(): Promise<void> }> {
  const starting = [startSeaweedFs(), startDynamoDbLocal()] as const;
  const stop = async () => {
    const started = await Promise.allSettled(starting);
    await Promise.all(started.map((engine) => engine.status === 'fulfilled' && engine.value.stop()));
  };
  try {
    const [s3, dynamoDb] = await Promise.all(starting);
    return { s3, dynamoDb, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
