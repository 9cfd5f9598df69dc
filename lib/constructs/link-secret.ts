import type { RemovalPolicy } from 'aws-cdk-lib';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/**
 * What links to attachments and cursors of lists are signed with: 64 random letters and digits. Whoever makes a new
 * version rotates it; links made with the one before stay good for as long as that is labelled AWSPREVIOUS.
 * @returns its ARN.
 */
export function createLinkSecret(scope: Construct, removalPolicy: RemovalPolicy): string {
  const secret = new Secret(scope, 'LinkSecret', {
    description: 'Unified File Storage: signs links to attachments',
    generateSecretString: { passwordLength: 64, excludePunctuation: true },
    removalPolicy,
  });
  acknowledge(secret, {
    'AwsSolutions-SMG4': 'A schedule would end links before their time; docs/operations.md says how to rotate it.',
  });
  return (secret.node.defaultChild as CfnSecret).attrId;
}
