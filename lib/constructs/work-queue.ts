import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export interface WorkQueueProps {
  /** How long its function may run, in seconds. */
  readonly functionTimeoutSeconds: number;
}

/** Attempts before a message is laid aside for someone to look at. */
const MAX_RECEIVES = 5;
/** Of the function's time limit (Lambda developer guide, "Using Lambda with Amazon SQS"). */
const VISIBILITY_FACTOR = 6;

/** A queue that feeds one function, and the dead-letter queue behind it. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { functionTimeoutSeconds }: WorkQueueProps) {
    super(scope, id);
    // With a key of KMS, S3 could only send to the queue by the leave of a key of our own.
    const closed = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true } as const;
    this.deadLetters = new Queue(this, 'DeadLetters', { ...closed, retentionPeriod: Duration.days(14) });
    acknowledge(this.deadLetters, { 'Serverless-SQSRedrivePolicy': 'It is the end of the line: an alarm rings.' });
    this.queue = new Queue(this, 'Queue', {
      ...closed,
      visibilityTimeout: Duration.seconds(VISIBILITY_FACTOR * functionTimeoutSeconds),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }
}
