import { Command, InvalidArgumentError } from 'commander';
import { openDevIssuer } from '../functions/local/dev-issuer.ts';
import { openHiddenFolder } from '../functions/local/hidden-folder.ts';
import { claimNamesOf, readConfig } from '../shared/config.ts';

/** `npm run -s token`: a token that a local server over the same UPLOAD_DIRECTORY accepts. */
const { sub, org, role, ttl } = new Command('token')
  .description('Prints a token for a local server over the same UPLOAD_DIRECTORY.')
  .requiredOption('--sub <id>', 'the user')
  .requiredOption('--org <id>', 'the organization of the user')
  .option('--role <role>', 'admin or service; may be given more than once', collectRoles, [])
  .option('--ttl <seconds>', 'how long it is valid', positiveSeconds, 3600)
  .parse()
  .opts<{ sub: string; org: string; role: string[]; ttl: number }>();

const config = readConfig(process.env);
const { signingKey } = await openHiddenFolder(config.UPLOAD_DIRECTORY);
const claimNames = claimNamesOf(config);
const issuer = await openDevIssuer({ keyFile: signingKey, claimNames, nodeEnv: process.env.NODE_ENV });
console.log(await issuer.issue({ sub, organization: org, roles: role, ttlSeconds: ttl }));

function collectRoles(value: string, before: string[]): string[] {
  if (value !== 'admin' && value !== 'service') throw new InvalidArgumentError('It accepts admin or service.');
  return [...before, value];
}

function positiveSeconds(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It accepts a whole number of seconds from 1.');
  return Number(value);
}
