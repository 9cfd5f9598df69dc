import { RemovalPolicy } from 'aws-cdk-lib';
import type { StageConfig } from '../stage-config.ts';

/** What becomes of the stage's stateful resources with their stack. */
export function removalPolicyOf({ removalPolicy }: Pick<StageConfig, 'removalPolicy'>): RemovalPolicy {
  return removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}
