import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, SQSRecord } from 'aws-lambda';
import type { Log } from '../../shared/dependencies.ts';
import type { QueueHandler } from '../middleware.ts';

/** As the queue on AWS: after this many deliveries a message goes to the dead letters. */
const MAX_DELIVERIES = 5;
const LONGEST_PAUSE = 30_000;

export interface LocalQueueOptions {
  readonly name: string;
  /** Dead letters are appended here, one JSON object a line. */
  readonly deadLetterFile: string;
  readonly log: Log;
  /** Milliseconds before the second delivery; doubled for each further one. */
  readonly retryDelay: number;
}

interface Message {
  readonly id: string;
  readonly body: string;
  deliveries: number;
}

/**
 * A queue in this process that behaves to its consumer as SQS does: batches of one, at least once, redelivery of what
 * failed, dead letters. It forgets its messages with the process; start-up finds their work again in the records.
 */
export class LocalQueue {
  readonly #options: LocalQueueOptions;
  readonly #waiting: Message[] = [];
  readonly #stop = new AbortController();
  #handler: QueueHandler | undefined;
  #running: Promise<void> | undefined;
  /** Messages that are waiting, being delivered or pausing before a redelivery. */
  #unfinished = 0;
  #idle: (() => void)[] = [];

  constructor(options: LocalQueueOptions) {
    this.#options = options;
  }

  send(body: string): void {
    this.#unfinished += 1;
    this.#waiting.push({ id: randomUUID(), body, deliveries: 0 });
    this.#run();
  }

  /** Starts delivering, one message at a time: images are rendered one after the other here as in a Lambda. */
  consume(handler: QueueHandler): void {
    this.#handler = handler;
    this.#run();
  }

  /** Resolves once every message is acknowledged or dead. */
  async drained(): Promise<void> {
    if (this.#unfinished > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends after the message in hand. */
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
      if (await this.#deliver(message, handler)) this.#finish();
      else if (message.deliveries >= MAX_DELIVERIES) await this.#bury(message);
      else void this.#redeliver(message);
      if (this.#stop.signal.aborted) return;
    }
  }

  async #deliver(message: Message, handler: QueueHandler): Promise<boolean> {
    try {
      const context = { awsRequestId: message.id } as Context;
      const { batchItemFailures } = await handler({ Records: [this.#recordOf(message)] }, context);
      return batchItemFailures.length === 0;
    } catch (error) {
      this.#options.log.error('a handler threw', { queue: this.#options.name, messageId: message.id, error });
      return false;
    }
  }

  async #redeliver(message: Message): Promise<void> {
    const pause = Math.min(LONGEST_PAUSE, this.#options.retryDelay * 2 ** (message.deliveries - 1));
    try {
      await sleep(pause, undefined, { signal: this.#stop.signal, ref: false });
    } catch {
      return;
    }
    this.#waiting.push(message);
    this.#run();
  }

  async #bury(message: Message): Promise<void> {
    const { name, deadLetterFile, log } = this.#options;
    const letter = { queue: name, messageId: message.id, body: message.body, at: new Date().toISOString() };
    log.error('a message is dead', letter);
    try {
      await appendFile(deadLetterFile, `${JSON.stringify(letter)}\n`);
    } catch (error) {
      // The line above has it; the queue must go on.
      log.error('a dead letter could not be kept', { error });
    }
    this.#finish();
  }

  #finish(): void {
    this.#unfinished -= 1;
    if (this.#unfinished === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #recordOf({ id, body, deliveries }: Message): SQSRecord {
    const now = String(Date.now());
    return {
      messageId: id,
      receiptHandle: id,
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
