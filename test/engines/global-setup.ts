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
  const [s3, dynamoDb] = await Promise.all([startSeaweedFs(), startDynamoDbLocal()]);
  const { stop: stopS3, ...s3Engine } = s3;
  const { stop: stopDynamoDb, ...dynamoDbEngine } = dynamoDb;
  project.provide('s3Engine', s3Engine);
  project.provide('dynamoDbEngine', dynamoDbEngine);
  return async () => {
    await Promise.all([stopS3(), stopDynamoDb()]);
  };
}
