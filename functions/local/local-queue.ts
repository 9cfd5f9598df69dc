import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, SQSRecord } from 'aws-lambda';
import type { Log, MessageVisibility } from '../../shared/dependencies.ts';
import type { QueueHandler } from '../middleware.ts';

/** As on AWS: after this many deliveries a message goes to the dead letters. */
const MAX_DELIVERIES = 5;

const ONE_AT_A_TIME = { most: 1, mostOfGroup: 1 } as const;

export interface LocalQueueOptions {
  readonly name: string;
  /** Dead letters are appended here, one JSON object a line. */
  readonly deadLetterFile: string;
  readonly log: Log;
  /** The visibility timeout: milliseconds until a failed message is delivered again, unless its consumer changes it. */
  readonly retryDelay: number;
  /** @default - one message at a time */
  readonly concurrency?: QueueConcurrency;
}

export interface QueueConcurrency {
  /** Messages that are delivered at a time: at most so many, and fewer of one group, so that no group holds all. */
  readonly most: number;
  readonly mostOfGroup: number;
  /** What the message with this body is about. If it throws, the message is of the group of unknown messages. */
  readonly laneOf: (body: string) => Promise<MessageLane>;
}

/** A group, as a fair queue of SQS has it; and a subject, about which no two messages are delivered at a time. */
export interface MessageLane {
  readonly group: string;
  readonly subject: string;
}

interface Message {
  readonly id: string;
  readonly body: string;
  readonly lane: MessageLane;
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
  /** By their receipt handles; each with its end, which never rejects. */
  readonly #deliveries = new Map<string, Delivery & { readonly ended: Promise<void> }>();
  /** Messages that are waiting, being delivered or pausing before a redelivery. */
  #unfinished = 0;
  #idle: (() => void)[] = [];

  /** Changes when a message that is being delivered comes back, if it fails. */
  readonly visibility: MessageVisibility = {
    change: async ({ receiptHandle, seconds }) => {
      const delivery = this.#deliveries.get(receiptHandle);
      if (!delivery) throw new RangeError('the message is not being delivered');
      delivery.retryDelay = seconds * 1000;
    },
  };

  constructor(options: LocalQueueOptions) {
    this.#options = options;
  }

  send(body: string): void {
    this.#unfinished += 1;
    void this.#enqueue(body);
  }

  /** Starts delivering: the oldest message first of those whose group has room. */
  consume(handler: QueueHandler): void {
    this.#handler = handler;
    this.#run();
  }

  /** Resolves once every message is acknowledged or among the dead letters. */
  async drained(): Promise<void> {
    if (this.#unfinished > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends after the messages that are being delivered. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#deliveries.values()].map(({ ended }) => ended));
  }

  async #enqueue(body: string): Promise<void> {
    const lane = await this.#laneOf(body);
    this.#waiting.push({ id: randomUUID(), body, lane, deliveries: 0 });
    this.#run();
  }

  async #laneOf(body: string): Promise<MessageLane> {
    const { concurrency, log, name } = this.#options;
    const unknown = { group: '', subject: body };
    if (!concurrency) return unknown;
    try {
      return await concurrency.laneOf(body);
    } catch (error) {
      log.warn('a message is delivered with those of unknown organizations', { queue: name, error });
      return unknown;
    }
  }

  #run(): void {
    if (!this.#handler) return;
    for (let message = this.#takeNext(); message; message = this.#takeNext()) this.#start(message, this.#handler);
  }

  /** The first waiting message that may be delivered now. */
  #takeNext(): Message | undefined {
    const { most, mostOfGroup } = this.#options.concurrency ?? ONE_AT_A_TIME;
    if (this.#stop.signal.aborted || this.#deliveries.size >= most) return undefined;
    const lanes = [...this.#deliveries.values()].map(({ message }) => message.lane);
    const index = this.#waiting.findIndex(({ lane: { group, subject } }) => {
      const ofGroup = lanes.filter((lane) => lane.group === group);
      return ofGroup.length < mostOfGroup && !ofGroup.some((lane) => lane.subject === subject);
    });
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }

  #start(message: Message, handler: QueueHandler): void {
    message.deliveries += 1;
    // Each delivery has a handle of its own, as in SQS: a late change must not concern a later delivery.
    const delivery = { message, receiptHandle: randomUUID(), retryDelay: this.#options.retryDelay };
    const ended = Promise.withResolvers<void>();
    this.#deliveries.set(delivery.receiptHandle, Object.assign(delivery, { ended: ended.promise }));
    void this.#deliverOnce(delivery, handler).then(ended.resolve);
  }

  async #deliverOnce(delivery: Delivery, handler: QueueHandler): Promise<void> {
    const { message, receiptHandle } = delivery;
    const isDone = await this.#deliver(delivery, handler);
    const isDead = !isDone && message.deliveries >= MAX_DELIVERIES;
    if (isDead) await this.#bury(message);
    this.#deliveries.delete(receiptHandle);
    if (isDone || isDead) this.#finish();
    else void this.#redeliver(delivery);
    this.#run();
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
