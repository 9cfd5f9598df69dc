import type { RemovalPolicy } from 'aws-cdk-lib';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/**
 * The secret that signs links to attachments and cursors of lists: 64 random letters and digits. A new version rotates
 * it; links that the version before signed stay valid while that is labelled AWSPREVIOUS.
 * @returns its ARN.
 */
export function createLinkSecret(scope: Construct, removalPolicy: RemovalPolicy): string {
  const secret = new Secret(scope, 'LinkSecret', {
    description: 'Unified File Storage: signs links to attachments',
    generateSecretString: { passwordLength: 64, excludePunctuation: true },
    removalPolicy,
  });
  acknowledge(secret, {
    'AwsSolutions-SMG4': 'A schedule would invalidate links too early; docs/operations.md says how to rotate it.',
  });
  return (secret.node.defaultChild as CfnSecret).attrId;
}
