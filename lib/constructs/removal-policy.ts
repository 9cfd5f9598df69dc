import { RemovalPolicy } from 'aws-cdk-lib';
import type { StageConfig } from '../stage-config.ts';

/** What happens to the stage's stateful resources when their stack is deleted. */
export function removalPolicyOf({ removalPolicy }: Pick<StageConfig, 'removalPolicy'>): RemovalPolicy {
  return removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}
