import { type App, Tags } from 'aws-cdk-lib';
import type { CodeOf } from './function-code.ts';
import { ServiceStack } from './service-stack.ts';
import type { Stage } from './stage-config.ts';
import { StorageStack } from './storage-stack.ts';

/** The two stacks of a stage, for the account and the region of the credentials that deploy them. */
export function createStageStacks(app: App, { stage, config }: Stage, codeOf: CodeOf) {
  const stackName = (part: string) => `${config.name}-${stage}-${part}`;
  const storage = new StorageStack(app, 'Storage', { stackName: stackName('storage'), config });
  const service = new ServiceStack(app, 'Service', { stackName: stackName('service'), config, storage, codeOf });
  for (const [key, value] of Object.entries({ application: config.name, stage })) Tags.of(app).add(key, value);
  return { storage, service };
}
