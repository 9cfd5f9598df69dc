import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, SQSRecord } from 'aws-lambda';
import type { Log, MessageVisibility } from '../../shared/dependencies.ts';
import type { QueueHandler } from '../middleware.ts';

/** As on AWS: after this many deliveries a message goes to the dead letters. */
const MAX_DELIVERIES = 5;

export interface LocalQueueOptions {
  readonly name: string;
  /** Dead letters are appended here, one JSON object a line. */
  readonly deadLetterFile: string;
  readonly log: Log;
  /** The visibility timeout: milliseconds until a failed message is delivered again, unless its consumer changes it. */
  readonly retryDelay: number;
}

interface Message {
  readonly id: string;
  readonly body: string;
  deliveries: number;
}

/** A message while its handler runs, and the milliseconds after which it is delivered again if it fails. */
interface Delivery {
  readonly message: Message;
  readonly receiptHandle: string;
  retryDelay: number;
}

/**
 * A queue in this process that behaves to its consumer as SQS does: batches of one, at least once, redelivery of what
 * failed, dead letters. It loses its messages with the process; the next start finds their work in the records.
 */
export class LocalQueue {
  readonly #options: LocalQueueOptions;
  readonly #waiting: Message[] = [];
  readonly #stop = new AbortController();
  #handler: QueueHandler | undefined;
  #running: Promise<void> | undefined;
  #delivery: Delivery | undefined;
  /** Messages that are waiting, being delivered or pausing before a redelivery. */
  #unfinished = 0;
  #idle: (() => void)[] = [];

  /** Changes when the message that is being delivered comes back, if it fails. */
  readonly visibility: MessageVisibility = {
    change: async ({ receiptHandle, seconds }) => {
      if (this.#delivery?.receiptHandle !== receiptHandle) throw new RangeError('the message is not being delivered');
      this.#delivery.retryDelay = seconds * 1000;
    },
  };

  constructor(options: LocalQueueOptions) {
    this.#options = options;
  }

  send(body: string): void {
    this.#unfinished += 1;
    this.#waiting.push({ id: randomUUID(), body, deliveries: 0 });
    this.#run();
  }

  /** Starts delivering, one message at a time: images are rendered one after the other, as in a Lambda function. */
  consume(handler: QueueHandler): void {
    this.#handler = handler;
    this.#run();
  }

  /** Resolves once every message is acknowledged or among the dead letters. */
  async drained(): Promise<void> {
    if (this.#unfinished > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends after the message that is being delivered. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #run(): void {
    if (this.#running || !this.#handler || this.#stop.signal.aborted) return;
    this.#running = this.#deliverAll(this.#handler).finally(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#run();
    });
  }

  async #deliverAll(handler: QueueHandler): Promise<void> {
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift()) {
      message.deliveries += 1;
      // Each delivery has a handle of its own, as in SQS: a late change must not concern a later delivery.
      const delivery = { message, receiptHandle: randomUUID(), retryDelay: this.#options.retryDelay };
      this.#delivery = delivery;
      if (await this.#deliver(delivery, handler)) this.#finish();
      else if (message.deliveries >= MAX_DELIVERIES) await this.#bury(message);
      else void this.#redeliver(delivery);
      this.#delivery = undefined;
      if (this.#stop.signal.aborted) return;
    }
  }

  async #deliver(delivery: Delivery, handler: QueueHandler): Promise<boolean> {
    const { id } = delivery.message;
    try {
      const context = { awsRequestId: id } as Context;
      const { batchItemFailures } = await handler({ Records: [this.#recordOf(delivery)] }, context);
      return batchItemFailures.length === 0;
    } catch (error) {
      this.#options.log.error('a handler threw', { queue: this.#options.name, messageId: id, error });
      return false;
    }
  }

  async #redeliver({ message, retryDelay }: Delivery): Promise<void> {
    try {
      await sleep(retryDelay, undefined, { signal: this.#stop.signal, ref: false });
    } catch {
      return;
    }
    this.#waiting.push(message);
    this.#run();
  }

  async #bury(message: Message): Promise<void> {
    const { name, deadLetterFile, log } = this.#options;
    const letter = { queue: name, messageId: message.id, body: message.body, at: new Date().toISOString() };
    log.error('a message was moved to the dead letters', letter);
    try {
      await appendFile(deadLetterFile, `${JSON.stringify(letter)}\n`);
    } catch (error) {
      // The log line above has it; the queue must go on.
      log.error('a dead letter could not be written', { error });
    }
    this.#finish();
  }

  #finish(): void {
    this.#unfinished -= 1;
    if (this.#unfinished === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #recordOf({ message: { id, body, deliveries }, receiptHandle }: Delivery): SQSRecord {
    const now = String(Date.now());
    return {
      messageId: id,
      receiptHandle,
      body,
      attributes: {
        ApproximateReceiveCount: String(deliveries),
        SentTimestamp: now,
        SenderId: 'local',
        ApproximateFirstReceiveTimestamp: now,
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:local:000000000000:${this.#options.name}`,
      awsRegion: 'local',
    };
  }
}
