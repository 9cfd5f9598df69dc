import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { openMetadata } from '../functions/local/dependencies.ts';
import { byteSizeOf, type Config, readConfig } from '../shared/config.ts';
import { InvalidConfigurationError } from '../shared/errors.ts';
import type { MetadataStore } from '../shared/metadata/metadata-store.ts';
import { newOrganization } from '../shared/metadata/quota.ts';
import { repairQuota } from '../shared/organizations/repair-quota.ts';
import { ID_ACCEPTS, isSafeId } from '../shared/storage/object-keys.ts';

const NOTES = `
Works on the records that the settings name: METADATA_TABLE_NAME with the credentials of the AWS SDK, or else
UPLOAD_DIRECTORY, also while a server runs over it. Prints JSON.`;

/** `npm run -s ops -- …`: what an operator does to organizations and to the service as a whole. */
const program = new Command('ops')
  .description('Quotas of organizations, and the switch that stops new uploads.')
  .addHelpText('after', NOTES);

program
  .command('limits')
  .description("shows an organization's quota, or sets its limits; what it uses stays as it is")
  .argument('<organization>', 'its id', readId)
  .option('--bytes <size>', 'as 10737418240 or 10 GiB', readBytes)
  .option('--files <number>', 'as 100000', readFiles)
  .action((organizationId: string, { bytes, files }: { bytes?: number; files?: number }) =>
    run(async (metadata, config) => {
      const limits = { organizationBytes: config.ORGANIZATION_BYTES, organizationFiles: config.ORGANIZATION_FILES };
      const seen = (await metadata.getOrganization({ organizationId })) ?? newOrganization(organizationId, limits);
      if (bytes === undefined && files === undefined) return seen;
      const { bytesLimit, filesLimit } = seen;
      return metadata.setLimits({ organizationId, bytesLimit: bytes ?? bytesLimit, filesLimit: files ?? filesLimit });
    }),
  );

program
  .command('pause')
  .description('stops new uploads, of one organization or of all; what is on its way is finished, and reading goes on')
  .argument('[organization]', 'its id; without one, the whole service', readId)
  .option('--reason <text>', 'shown to clients; for the whole service only')
  .action((organizationId: string | undefined, { reason }: { reason?: string }) =>
    run(async (metadata, config) => {
      if (organizationId !== undefined) return setState(metadata, config, organizationId, 'paused');
      await metadata.setSwitches({ uploadsPaused: true, ...(reason !== undefined && { reason }) });
      return metadata.getSwitches();
    }),
  );

program
  .command('resume')
  .description('takes uploads again')
  .argument('[organization]', 'its id; without one, the whole service', readId)
  .action((organizationId: string | undefined) =>
    run(async (metadata, config) => {
      if (organizationId !== undefined) return setState(metadata, config, organizationId, 'active');
      await metadata.setSwitches({ uploadsPaused: false });
      return metadata.getSwitches();
    }),
  );

program
  .command('repair-quota')
  .description('counts what an organization has stored and corrects its quota by it; takes ten seconds')
  .argument('<organization>', 'its id', readId)
  .action((organizationId: string) => run((metadata) => repairQuota({ metadata, sleep }, { organizationId })));

await program.parseAsync();

/** Prints what came of it; a fault in one sentence. */
async function run(task: (metadata: MetadataStore, config: Config) => Promise<unknown>): Promise<void> {
  try {
    const config = readConfig(process.env);
    const { metadata, close } = await openMetadata(config);
    try {
      console.log(JSON.stringify(await task(metadata, config), null, 2));
    } finally {
      close();
    }
  } catch (error) {
    if (!(error instanceof InvalidConfigurationError)) throw error;
    program.error(error.message);
  }
}

async function setState(metadata: MetadataStore, config: Config, organizationId: string, state: 'active' | 'paused') {
  const limits = { organizationBytes: config.ORGANIZATION_BYTES, organizationFiles: config.ORGANIZATION_FILES };
  const result = await metadata.setOrganizationState({ organizationId, state, limits });
  if (result === 'closed') program.error(`error: the organization "${organizationId}" is being erased`);
  return metadata.getOrganization({ organizationId });
}

function readId(value: string): string {
  if (!isSafeId(value)) throw new InvalidArgumentError(`It accepts ${ID_ACCEPTS}.`);
  return value;
}

function readBytes(value: string): number {
  const bytes = byteSizeOf(value);
  if (bytes === undefined) throw new InvalidArgumentError('It accepts bytes, as 10737418240 or 10 GiB.');
  return bytes;
}

function readFiles(value: string): number {
  if (!/^\d{1,10}$/.test(value)) throw new InvalidArgumentError('It accepts a whole number.');
  return Number(value);
}
