import {
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
  ResourceNotFoundException,
  SecretsManagerClient,
  SecretsManagerServiceException,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createLinkSecret } from '../../../functions/aws/link-secret.ts';
import { DependencyUnavailableError, InvalidConfigurationError } from '../../../shared/errors.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:links-AbCdEf';
const MINUTE = 60_000;
const START = Date.parse('2026-01-02T03:00:00Z');
const text = (letter: string) => letter.repeat(43);
const key = (letter: string) => Buffer.from(text(letter));

const manager = mockClient(SecretsManagerClient);
let now: number;
let warnings: string[];
/** What Secrets Manager holds; the first is labelled AWSCURRENT, the second AWSPREVIOUS. */
let versions: { readonly letter: string; readonly createdAt: number }[];

beforeEach(() => {
  now = START;
  warnings = [];
  versions = [{ letter: 'a', createdAt: START - 60 * MINUTE }];
  manager.reset();
  manager.on(GetSecretValueCommand).callsFake(answer);
});
afterAll(() => manager.restore());

async function answer(input: { readonly VersionStage?: string }): Promise<Partial<GetSecretValueCommandOutput>> {
  const version = versions[input.VersionStage === 'AWSCURRENT' ? 0 : 1];
  if (!version) throw new ResourceNotFoundException({ message: 'staged', $metadata: { httpStatusCode: 400 } });
  return { SecretString: text(version.letter), CreatedDate: new Date(version.createdAt) };
}

function rotate(letter: string): void {
  versions = [{ letter, createdAt: now }, ...versions];
}

function newContainer() {
  const log = { warn: (message: string) => warnings.push(message) };
  return createLinkSecret({ region: 'eu-central-1', secretArn: ARN, clock: () => new Date(now), log });
}

function serviceFault(name: string, httpStatusCode: number): Error {
  return new SecretsManagerServiceException({
    name,
    message: 'staged',
    $fault: 'client',
    $metadata: { httpStatusCode },
  });
}

describe('the secret in Secrets Manager', () => {
  it('signs with its current version and accepts the one before', async () => {
    versions.push({ letter: 'b', createdAt: 0 });
    expect(await newContainer()()).toEqual({ signing: key('a'), accepted: [key('a'), key('b')] });
    const asked = manager.commandCalls(GetSecretValueCommand).map(({ args: [command] }) => command.input);
    expect(asked).toEqual([
      { SecretId: ARN, VersionStage: 'AWSCURRENT' },
      { SecretId: ARN, VersionStage: 'AWSPREVIOUS' },
    ]);
  });

  it('is one version before its first rotation, and signs from its first moment', async () => {
    versions = [{ letter: 'a', createdAt: now }];
    expect(await newContainer()()).toEqual({ signing: key('a'), accepted: [key('a')] });
  });

  it('is not read before the first request, and once for all requests of five minutes', async () => {
    const secret = newContainer();
    expect(manager.calls()).toHaveLength(0);
    await Promise.all([secret(), secret(), secret()]);
    now += 5 * MINUTE - 1;
    await secret();
    expect(manager.calls()).toHaveLength(2);
    now += 1;
    await Promise.all([secret(), secret()]);
    expect(manager.calls()).toHaveLength(4);
    expect(new Set(manager.calls().map(({ thisValue }) => thisValue)).size).toBe(1);
  });

  it('accepts a new version as soon as it is read, and signs with it ten minutes after it was made', async () => {
    rotate('b');
    const secret = newContainer();
    const accepted = [key('b'), key('a')];
    expect(await secret()).toEqual({ signing: key('a'), accepted });
    now += 10 * MINUTE - 1;
    expect(await secret()).toEqual({ signing: key('a'), accepted });
    now += 1;
    expect(await secret()).toEqual({ signing: key('b'), accepted });
  });

  it('signs nothing that a container running at that time does not accept, through a rotation', async () => {
    const minutes = fc.integer({ min: 0, max: 60 });
    await fc.assert(
      fc.asyncProperty(minutes, minutes, fc.array(minutes, { minLength: 1 }), async (rotation, start, requests) => {
        now = START;
        versions = [{ letter: 'a', createdAt: 0 }];
        const containers = [newContainer(), newContainer()];
        const times = [...requests, start, rotation].sort((one, other) => one - other);
        for (const minute of times) {
          now = START + minute * MINUTE;
          if (minute === rotation && versions.length === 1) rotate('b');
          // The first is asked each time, the second one now and then.
          const asked = minute < start ? containers.slice(0, 1) : containers;
          const keys = await Promise.all(asked.map((secret) => secret()));
          for (const { signing } of keys) {
            for (const { accepted } of keys) expect(accepted).toContainEqual(signing);
          }
        }
      }),
    );
  });

  it('loses no version to a rotation between the two reads', async () => {
    versions.push({ letter: '0', createdAt: 0 });
    manager
      .on(GetSecretValueCommand)
      .callsFakeOnce(async (input) => {
        const current = await answer(input);
        rotate('b');
        return current;
      })
      .callsFake(answer);
    expect((await newContainer()()).accepted).toContainEqual(key('a'));
  });

  it.each([
    serviceFault('ThrottlingException', 400),
    serviceFault('AccessDeniedException', 400),
    serviceFault('DecryptionFailure', 400),
    serviceFault('InternalServiceError', 500),
    Object.assign(new Error('silence'), { name: 'TimeoutError' }),
    Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
  ])('is unavailable for now when it is not read, and read with the next request: %s', async (cause) => {
    manager.on(GetSecretValueCommand).rejectsOnce(cause).callsFake(answer);
    const secret = newContainer();
    const error = await secret().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DependencyUnavailableError);
    expect(error).toMatchObject({ retryable: true, cause });
    expect(await secret()).toEqual({ signing: key('a'), accepted: [key('a')] });
  });

  it('is unavailable when its version before is not read: links made with it would seem forged', async () => {
    manager
      .on(GetSecretValueCommand, { SecretId: ARN, VersionStage: 'AWSPREVIOUS' })
      .rejects(serviceFault('ThrottlingException', 400));
    await expect(newContainer()()).rejects.toBeInstanceOf(DependencyUnavailableError);
  });

  it('stays as it is known when it cannot be read again, which is logged and tried every five minutes', async () => {
    const secret = newContainer();
    const known = await secret();
    manager.on(GetSecretValueCommand).rejects(serviceFault('InternalServiceError', 500));
    now += 5 * MINUTE;
    expect(await secret()).toEqual(known);
    expect(await secret()).toEqual(known);
    expect(warnings).toHaveLength(1);
    now += 5 * MINUTE;
    expect(await secret()).toEqual(known);
    expect(warnings).toHaveLength(2);
  });

  it('is unavailable where there is none', async () => {
    versions = [];
    await expect(newContainer()()).rejects.toBeInstanceOf(DependencyUnavailableError);
  });

  it.each<[string, Partial<GetSecretValueCommandOutput>]>([
    ['short', { SecretString: 'a'.repeat(42) }],
    ['empty', { SecretString: '' }],
    ['not text', { SecretBinary: Buffer.alloc(64) }],
  ])('signs nothing when it is %s', async (_what, output) => {
    manager.on(GetSecretValueCommand).resolves(output);
    await expect(newContainer()()).rejects.toBeInstanceOf(InvalidConfigurationError);
  });
});
