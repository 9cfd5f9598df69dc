import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseStage, readStage } from '../../lib/stage-config.ts';
import { InvalidConfigurationError } from '../../shared/errors.ts';
import { createApp, FULL_STAGE, SMALL_STAGE } from './synthesize-stage.ts';

function faultsOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidConfigurationError);
    return (error as Error).message;
  }
  return expect.fail('nothing was found wrong');
}

const contextOf = (context: Record<string, unknown>) => ({ tryGetContext: (key: string) => context[key] });

describe('the configuration of a stage', () => {
  it('may set every key', () => {
    expect(parseStage('stages.prod', FULL_STAGE)).toEqual(FULL_STAGE);
  });

  it('needs the allowed origins only', () => {
    expect(parseStage('stages.dev', SMALL_STAGE)).toEqual({
      ...SMALL_STAGE,
      name: 'unified-file-storage',
      agentBinding: 'registered',
      attachmentTypes: ['*'],
      limits: {
        avatarMaxBytes: 41_943_040,
        attachmentMaxBytes: 5_368_709_120,
        multipartThreshold: 104_857_600,
        stripMaxBytes: 67_108_864,
        organizationBytes: 10_737_418_240,
        organizationFiles: 100_000,
        openUploadsPerUser: 20,
        sentUploadsPerUser: 200,
        giveUpHours: 24,
        concurrentUploads: 5,
        concurrentMaintenance: 3,
        requestsPerSecond: 200,
      },
      logRetentionDays: 30,
      removalPolicy: 'retain',
      architecture: 'arm64',
      bucketPath: '',
    });
  });

  it.each([
    [
      { allowedOrigins: ['https://app.example.com/'] },
      'allowedOrigins.0 is "https://app.example.com/"; it accepts an https origin without a path',
    ],
    [{ allowedOrigins: ['*'] }, 'allowedOrigins.0 is "*"; it accepts an https origin without a path'],
    [
      { allowedOrigins: [] },
      'allowedOrigins is []; it accepts a list of https origins, as ["https://app.example.com"]',
    ],
    [
      { allowedOrigins: undefined },
      'allowedOrigins is not set; it accepts a list of https origins, as ["https://app.example.com"]',
    ],
    [
      { apiDomain: { name: 'api.example.com' } },
      "apiDomain.certificateArn is not set; it accepts the ARN of a certificate of ACM in the stage's region",
    ],
    [{ apiDomain: 'api.example.com' }, 'apiDomain is "api.example.com"; it accepts the keys name, certificateArn'],
    [
      { cdnDomain: { ...FULL_STAGE.cdnDomain, certificateArn: FULL_STAGE.apiDomain.certificateArn } },
      `cdnDomain.certificateArn is "${FULL_STAGE.apiDomain.certificateArn}"; it accepts the ARN of a certificate of ACM in us-east-1`,
    ],
    [
      { jwt: { issuer: 'https://login.example.com' } },
      'jwt.audience is not set; it accepts a list of audiences, one at least',
    ],
    [
      { jwt: { issuer: 'http://login.example.com', audience: ['files'] } },
      'jwt.issuer is "http://login.example.com"; it accepts the https URL of the issuer, as its tokens say it',
    ],
    [
      { limits: { avatarMaxBytes: '10 MiB' } },
      'limits.avatarMaxBytes is "10 MiB"; it accepts a whole number from 1 to 104857600',
    ],
    [{ limits: { concurrentUploads: 1 } }, 'limits.concurrentUploads is 1; it accepts a whole number from 2 to 1000'],
    [{ limits: { giveUpHours: 145 } }, 'limits.giveUpHours is 145; it accepts a whole number from 1 to 144'],
    [{ architecture: 'arm' }, 'architecture is "arm"; it accepts one of arm64, x86_64'],
    [
      { logRetentionDays: 42 },
      'logRetentionDays is 42; it accepts one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731',
    ],
    [
      { bucketPath: '/files' },
      'bucketPath is "/files"; it accepts a key prefix without a slash at either end, or nothing',
    ],
    [{ alarmEmail: 'operations' }, 'alarmEmail is "operations"; it accepts an e-mail address'],
    [
      { limits: { avatarBytes: 1 } },
      'limits has the unknown key "avatarBytes"; it accepts avatarMaxBytes, attachmentMaxBytes, multipartThreshold, stripMaxBytes, organizationBytes, organizationFiles, openUploadsPerUser, sentUploadsPerUser, giveUpHours, concurrentUploads, concurrentMaintenance, requestsPerSecond',
    ],
  ])('%j is refused in one sentence', (said, sentence) => {
    expect(faultsOf(() => parseStage('stages.prod', { ...SMALL_STAGE, ...said }))).toBe(`stages.prod.${sentence}`);
  });

  it('is refused with an unknown key', () => {
    const sentence = faultsOf(() =>
      parseStage('stages.prod', { ...SMALL_STAGE, allowedOrigin: 'https://a.example.com' }),
    );
    expect(sentence).toMatch(
      /^stages\.prod has the unknown key "allowedOrigin"; it accepts name, allowedOrigins, .*bucketPath$/,
    );
  });

  it('is refused with a sentence for each fault', () => {
    const faults = faultsOf(() => parseStage('stages.prod', { architecture: 'arm', removalPolicy: 'keep' })).split(
      '\n',
    );
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      'stages.prod.allowedOrigins',
      'stages.prod.removalPolicy',
      'stages.prod.architecture',
    ]);
  });
});

describe('the stage', () => {
  it('is dev by default', () => {
    expect(readStage(contextOf({ stages: { dev: SMALL_STAGE } })).stage).toBe('dev');
  });

  it.each(['dev', 'prod'])('%s of cdk.json can be deployed', (stage) => {
    const app = createApp();
    app.node.setContext('stage', stage);
    expect(readStage(app.node)).toMatchObject({ stage, config: { bucketPath: '' } });
  });

  it('must be in cdk.json', () => {
    const context = contextOf({ stage: 'production', stages: { dev: SMALL_STAGE, prod: FULL_STAGE } });
    expect(faultsOf(() => readStage(context))).toBe('stage is "production"; cdk.json has stages for dev, prod');
  });

  it('must have a name that is valid for stacks', () => {
    const sentence = 'stage is "Prod 1"; it accepts at most 16 lower case letters and digits';
    expect(faultsOf(() => readStage(contextOf({ stage: 'Prod 1' })))).toBe(sentence);
  });

  it('may be configured in a file of its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stage-'));
    const stageFile = join(folder, 'team.json');
    await writeFile(stageFile, JSON.stringify(FULL_STAGE));
    expect(readStage(contextOf({ stage: 'team', stageFile }))).toEqual({ stage: 'team', config: FULL_STAGE });
    await writeFile(stageFile, '{');
    expect(faultsOf(() => readStage(contextOf({ stageFile })))).toBe(
      `stageFile is ${JSON.stringify(stageFile)}; it accepts a file of JSON`,
    );
    await rm(folder, { recursive: true });
  });
});
