import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  type Code,
  EventSourceMapping,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { FunctionName } from '../function-bundle.ts';
import { acknowledge } from './acknowledge.ts';
import { acknowledgeWildcards } from './acknowledge-wildcards.ts';
import { FUNCTION_SIZES } from './function-sizes.ts';

export interface ServiceFunctionProps {
  readonly name: FunctionName;
  readonly code: Code;
  readonly architecture: 'arm64' | 'x86_64';
  readonly environment: Readonly<Record<string, string>>;
  /** All it may do, besides writing its log. */
  readonly rights: readonly PolicyStatement[];
  readonly logRetentionDays: number;
}

const ARCHITECTURES = { arm64: Architecture.ARM_64, x86_64: Architecture.X86_64 } as const;

/** One function with its own role and log. */
export class ServiceFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Not the managed policy that CDK uses by default: it grants every log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    for (const right of props.rights) role.addToPolicy(right);
    acknowledgeWildcards(role, props.rights);
    const { memoryMegabytes, timeoutSeconds } = FUNCTION_SIZES[props.name];
    this.function = new LambdaFunction(this, 'Function', {
      description: `Unified File Storage: ${props.name}`,
      code: props.code,
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: ARCHITECTURES[props.architecture],
      memorySize: memoryMegabytes,
      timeout: Duration.seconds(timeoutSeconds),
      environment: { NODE_OPTIONS: '--enable-source-maps', ...props.environment },
      role,
      logGroup,
    });
    acknowledge(this.function, {
      'Serverless-LambdaDLQ': 'Work comes from queues with dead-letter queues, or is a request with a response.',
      'Serverless-LambdaTracing': 'The request id connects the logs; tracing would need a right on every resource.',
    });
  }

  /**
   * Feeds it from a queue, one message per call: a batch takes as long as its slowest message, and a crash would count
   * against all of them. `maxConcurrency` is 2 to 1,000.
   */
  takeFrom(queue: IQueue, maxConcurrency: number): void {
    queue.grantConsumeMessages(this.function);
    const mapping = new EventSourceMapping(this, 'Source', {
      target: this.function,
      eventSourceArn: queue.queueArn,
      batchSize: 1,
      reportBatchItemFailures: true,
      maxConcurrency,
    });
    acknowledge(mapping, {
      'Serverless-LambdaEventSourceMappingDestination': 'Only streams have one; a queue has a dead-letter queue.',
    });
  }
}
