import { Command, InvalidArgumentError } from 'commander';
import { openDevIssuer } from '../functions/local/dev-issuer.ts';
import { openHiddenFolder } from '../functions/local/hidden-folder.ts';
import { claimNamesOf, readConfig } from '../shared/config.ts';
import { InvalidConfigurationError } from '../shared/errors.ts';
import { ID_ACCEPTS, isSafeId } from '../shared/storage/object-keys.ts';

/** `npm run -s token`: a token that a local server over the same UPLOAD_DIRECTORY accepts. */
const wish = new Command('token')
  .description('Prints a token for a local server over the same UPLOAD_DIRECTORY.')
  .requiredOption('--sub <id>', 'the user', readId)
  .requiredOption('--org <id>', 'the organization of the user', readId)
  .option('--role <role>', 'admin or service; may be given more than once', collectRoles, [])
  .option('--ttl <seconds>', 'how long it is valid', readSeconds, 3600)
  .parse()
  .opts<{ sub: string; org: string; role: string[]; ttl: number }>();

try {
  const config = readConfig(process.env);
  const { signingKey } = await openHiddenFolder(config.UPLOAD_DIRECTORY);
  const claimNames = claimNamesOf(config);
  const issuer = await openDevIssuer({ keyFile: signingKey, claimNames, nodeEnv: process.env.NODE_ENV });
  const { sub, org: organization, role: roles, ttl: ttlSeconds } = wish;
  console.log(await issuer.issue({ sub, organization, roles, ttlSeconds }));
} catch (error) {
  if (!(error instanceof InvalidConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function readId(value: string): string {
  if (!isSafeId(value)) throw new InvalidArgumentError(`It accepts ${ID_ACCEPTS}.`);
  return value;
}

function collectRoles(value: string, before: string[]): string[] {
  if (value !== 'admin' && value !== 'service') throw new InvalidArgumentError('It accepts admin or service.');
  return [...before, value];
}

function readSeconds(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It accepts a whole number of seconds from 1.');
  return Number(value);
}
