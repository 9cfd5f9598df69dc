import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import type { TestProject } from 'vitest/node';
import { provideTarget } from '../acceptance/global-setup.ts';
import { startMinistack } from '../engines/ministack.ts';
import { type Account, Deployment, type Outputs } from './deployment.ts';
import { emptyBuckets } from './empty-buckets.ts';
import { startHostProxy } from './host-proxy.ts';
import { reach, type Way } from './reach.ts';
import { startTokenIssuer } from './token-issuer.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly rehearsal: {
      readonly aws: Account;
      readonly outputs: Outputs;
      readonly way: Way;
    };
  }
}

/** Where the emulator differs from AWS, as far as the acceptance suite sees it. */
const DIFFERENCES = {
  ungrantedHeaders: 'it takes x-amz-* headers that no one signed',
  challenge: 'a 401 of its gateway has no WWW-Authenticate',
  ranges: 'it answers a request for several ranges with the first',
  encodedSlash: 'it decodes a path before it looks for the route',
} as const;

const MIB = 1024 ** 2;
const NAME = 'files';
const ORGANIZATION_BYTES = 60 * MIB;
const MULTIPART_THRESHOLD = 6 * MIB;

/**
 * Deploys the product into an account as anyone would, gives it to the acceptance suite, and takes it away again. Every
 * step that fails fails the run.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const ends: (() => Promise<void>)[] = [];
  const endAll = async () => {
    const faults: unknown[] = [];
    for (const end of ends.splice(0).reverse()) await end().catch((fault: unknown) => faults.push(fault));
    if (faults.length > 0) throw new AggregateError(faults, faults.map(String).join('\n'));
  };
  try {
    const aws = await startMinistack();
    ends.push(aws.stop);
    const folder = await mkdtemp(join(tmpdir(), 'rehearsal-issuer-'));
    ends.push(() => rm(folder, { recursive: true }));
    const issuer = await startTokenIssuer({ folder, certificate: aws.certificate });
    ends.push(issuer.stop);
    const proxy = await startHostProxy(aws.port);
    ends.push(proxy.stop);
    const way = { proxyUrl: proxy.url, certificate: aws.certificate.cert };
    reach(way);

    const { endpoint, region, credentials, certificate } = aws;
    const deployment = await Deployment.prepare(aws, stageOf(issuer));
    ends.push(() => deployment.forget());
    await deployment.bootstrap();
    const outputs = await deployment.deploy();
    ends.push(async () => {
      await emptyBuckets(new S3Client({ endpoint, region, credentials, forcePathStyle: true }), NAME);
      await deployment.destroy();
    });
    project.provide('rehearsal', { aws: { endpoint, region, credentials, certificate }, outputs, way });
    ends.push(
      await provideTarget(project, async () => ({
        baseUrl: outputs.ApiUrl as string,
        tokenCommand: issuer.tokenCommand,
        organizationBytes: ORGANIZATION_BYTES,
        multipartThreshold: MULTIPART_THRESHOLD,
        agentBinding: 'registered',
        patience: 10,
        differences: DIFFERENCES,
        stop: async () => {},
      })),
    );
    return endAll;
  } catch (error) {
    await endAll();
    throw error;
  }
}

function stageOf({ issuer, audience }: { readonly issuer: string; readonly audience: string }): object {
  return {
    name: NAME,
    allowedOrigins: ['https://app.example.com'],
    jwt: { issuer, audience: [audience] },
    limits: { organizationBytes: ORGANIZATION_BYTES, multipartThreshold: MULTIPART_THRESHOLD },
    removalPolicy: 'destroy',
    alarmEmail: 'operations@example.com',
    bucketPath: 'tenant/a',
    // Functions run on this machine.
    architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
  };
}
