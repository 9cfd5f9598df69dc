import { type IResolvable, Reference, Stack, Tokenization } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/**
 * Acknowledges the wildcards that follow a prefix in the statements' resources, each by its own name, so that the
 * policy checks still find any other, such as a whole bucket. The resources belong to another stack.
 */
export function acknowledgeWildcards(construct: IConstruct, statements: readonly PolicyStatement[]): void {
  const wildcards = statements.flatMap(({ resources }) => resources.filter((resource) => /\w\/\*$/.test(resource)));
  for (const resource of new Set(wildcards)) {
    acknowledge(construct, {
      [`AwsSolutions-IAM5[Resource::${nameOf(resource)}]`]: 'All keys below one prefix: the rest of a key is data.',
    });
  }
}

/** A resource of another stack as cdk-nag writes it: the name of its export, and what follows it. */
function nameOf(resource: string): string {
  const fragments = Tokenization.reverseString(resource).mapTokens({ mapToken: exportNameOf });
  return `${fragments.join({ join: (left, right) => `${left}${right}` })}`;
}

/** The export that CDK makes of the reference anyway. */
function exportNameOf(token: IResolvable): string {
  if (!Reference.isReference(token)) throw new RangeError('a resource with a wildcard must be of another stack');
  const producer = Stack.of(token.target);
  const imported = producer.resolve(producer.exportValue(token)) as { readonly 'Fn::ImportValue': string };
  return imported['Fn::ImportValue'];
}
