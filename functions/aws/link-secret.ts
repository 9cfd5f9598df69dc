import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { LinkKeys, LinkSecret } from '../../shared/access/link-secret.ts';
import type { Log } from '../../shared/dependencies.ts';
import { DependencyUnavailableError, InvalidConfigurationError } from '../../shared/errors.ts';
import { CLIENT_LIMITS } from './client-limits.ts';

/** A rotated secret is known everywhere after this long. */
const REREAD_MILLISECONDS = 5 * 60_000;
/** A version signs from this age on: by then, no container is left that would not accept it. */
const SETTLED_MILLISECONDS = 2 * REREAD_MILLISECONDS;
/** Letters and digits with as much in them as 32 random bytes. */
const MIN_CHARACTERS = 43;

export interface LinkSecretOptions {
  readonly region: string;
  /** Of a secret whose value is plain text: at least 43 random letters and digits. */
  readonly secretArn: string;
  readonly clock: () => Date;
  readonly log: Pick<Log, 'warn'>;
}

/**
 * The secret in AWS Secrets Manager: what is labelled AWSCURRENT and AWSPREVIOUS there. It is read with the first
 * request that needs it and every 5 minutes; while it cannot be read again, what is known stays good.
 *
 * `LinkSecret`: @throws also InvalidConfigurationError, for a value that is too short.
 */
export function createLinkSecret({ clock, log, ...secret }: LinkSecretOptions): LinkSecret {
  const read = secretReader(secret);
  let known: Versions | undefined;
  let rereadAt = 0;
  let reading: Promise<Versions> | undefined;
  return async () => {
    const now = clock().getTime();
    if (known === undefined || now >= rereadAt) {
      reading ??= readVersions(read).finally(() => {
        reading = undefined;
      });
      try {
        known = await reading;
      } catch (error) {
        if (known === undefined) throw error;
        log.warn('the link secret could not be read again', { error });
      }
      rereadAt = now + REREAD_MILLISECONDS;
    }
    return keysOf(known, now);
  };
}

interface Version {
  readonly key: Uint8Array;
  readonly createdAt: number;
}

interface Versions {
  readonly current: Version;
  /** Absent before the first rotation. */
  readonly previous: Version | undefined;
}

function keysOf({ current, previous }: Versions, now: number): LinkKeys {
  if (!previous) return { signing: current.key, accepted: [current.key] };
  const isSettled = now - current.createdAt >= SETTLED_MILLISECONDS;
  return { signing: isSettled ? current.key : previous.key, accepted: [current.key, previous.key] };
}

type SecretReader = (stage: 'AWSCURRENT' | 'AWSPREVIOUS') => Promise<Version | undefined>;

/** One after the other: a rotation in between shows one key twice. The other way round, it could hide one. */
async function readVersions(read: SecretReader): Promise<Versions> {
  const current = await read('AWSCURRENT');
  if (!current) throw new DependencyUnavailableError('the link secret is not there');
  return { current, previous: await read('AWSPREVIOUS') };
}

/** The version with that label, or undefined for none. The client is loaded with the first one. */
function secretReader({ region, secretArn }: Pick<LinkSecretOptions, 'region' | 'secretArn'>): SecretReader {
  let client: SecretsManagerClient | undefined;
  return async (stage) => {
    const sdk = await import('@aws-sdk/client-secrets-manager');
    client ??= new sdk.SecretsManagerClient({ region, ...CLIENT_LIMITS });
    const command = new sdk.GetSecretValueCommand({ SecretId: secretArn, VersionStage: stage });
    const answer = await client.send(command).catch((cause: unknown) => {
      if (cause instanceof sdk.ResourceNotFoundException) return undefined;
      throw new DependencyUnavailableError(`the link secret's ${stage} was not read`, { cause });
    });
    if (answer === undefined) return undefined;
    const text = answer.SecretString ?? '';
    if (text.length < MIN_CHARACTERS) {
      throw new InvalidConfigurationError(`the link secret's ${stage} is not text of ${MIN_CHARACTERS} characters`);
    }
    return { key: Buffer.from(text), createdAt: answer.CreatedDate?.getTime() ?? 0 };
  };
}
