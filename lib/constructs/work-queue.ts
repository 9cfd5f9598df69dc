import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export interface WorkQueueProps {
  /** The timeout of its function, in seconds. */
  readonly functionTimeoutSeconds: number;
}

/** Receives after which a message is moved to the dead-letter queue. */
const MAX_RECEIVES = 5;
/** Visibility timeout by function timeout (Lambda developer guide, "Using Lambda with Amazon SQS"). */
const VISIBILITY_FACTOR = 6;

/** A queue that feeds one function, and the dead-letter queue behind it. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { functionTimeoutSeconds }: WorkQueueProps) {
    super(scope, id);
    // With KMS, S3 could only send to the queue if a customer managed key allowed it.
    const closed = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true } as const;
    this.deadLetters = new Queue(this, 'DeadLetters', { ...closed, retentionPeriod: Duration.days(14) });
    acknowledge(this.deadLetters, { 'Serverless-SQSRedrivePolicy': 'Messages end here, and an alarm goes off.' });
    this.queue = new Queue(this, 'Queue', {
      ...closed,
      visibilityTimeout: Duration.seconds(VISIBILITY_FACTOR * functionTimeoutSeconds),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }
}
