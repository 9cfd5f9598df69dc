import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startLocalTarget } from './local-target.ts';

/**
 * The service under test. The tests know nothing else of it:
 * - ACCEPTANCE_BASE_URL: its address, without /api/v1. Unset: local mode is started for the run.
 * - ACCEPTANCE_TOKEN_COMMAND: a shell command that prints a token when `--sub U --org O [--role R] [--ttl S]` is appended.
 * - ACCEPTANCE_ORGANIZATION_BYTES: what a new organization may hold; two to fifteen times 10 MiB.
 * - ACCEPTANCE_MULTIPART_THRESHOLD: its MULTIPART_THRESHOLD, in bytes. @default 100 MiB
 * - ACCEPTANCE_AGENT_BINDING: its AGENT_BINDING. @default first-ticket
 */
export interface Target {
  readonly baseUrl: string;
  readonly tokenCommand: string;
  readonly organizationBytes: number;
  /** Files of more bytes are sent in parts. */
  readonly multipartThreshold: number;
  /** An organization that may hold 3 GiB. @default - nobody prepared one */
  readonly largeOrganization?: string;
  readonly agentBinding: 'first-ticket' | 'registered';
  /** How often a request is repeated that the target was too busy for (502, 503). A target on a laptop never is. */
  readonly patience: number;
  /** Where what the target stands on is known to differ from AWS, with the reason. */
  readonly differences: Readonly<Partial<Record<Difference, string>>>;
}

/**
 * Fields of a form and headers of a PUT that no ticket granted; a part that is sent twice; ranges of an object; an
 * escaped slash in a path; WWW-Authenticate.
 */
export type Difference =
  | 'ungrantedFields'
  | 'ungrantedHeaders'
  | 'repeatedParts'
  | 'ranges'
  | 'encodedSlash'
  | 'challenge';

declare module 'vitest' {
  interface ProvidedContext {
    readonly target: Target;
    /** A file to which every call that was not refused adds a line: test file, tab, operation. */
    readonly callLog: string;
  }
}

type StartTarget = (folder: string) => Promise<Target & { stop(): Promise<void> }>;

export default function setup(project: TestProject): Promise<() => Promise<void>> {
  const start = process.env.ACCEPTANCE_BASE_URL ? async () => targetOf(process.env) : startLocalTarget;
  return provideTarget(project, (folder) => start(folder));
}

/** Starts a target in a new folder and gives it to the tests; the answer ends it. */
export async function provideTarget(project: TestProject, start: StartTarget): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'acceptance-'));
  const callLog = join(folder, 'calls.tsv');
  const removeFolder = () => rm(folder, { recursive: true });
  const { stop, ...target } = await start(folder).catch(async (error) => {
    await removeFolder();
    throw error;
  });
  project.provide('target', target);
  project.provide('callLog', callLog);
  return async () => {
    try {
      await requireEveryOperation(target.baseUrl, callLog);
    } finally {
      await stop().finally(removeFolder);
    }
  };
}

function targetOf(environment: NodeJS.ProcessEnv): Target & { stop(): Promise<void> } {
  const required = (name: string): string => {
    const value = environment[name];
    if (!value) throw new Error(`ACCEPTANCE_BASE_URL is set, so ${name} must be set too`);
    return value;
  };
  return {
    baseUrl: required('ACCEPTANCE_BASE_URL'),
    tokenCommand: required('ACCEPTANCE_TOKEN_COMMAND'),
    organizationBytes: Number(required('ACCEPTANCE_ORGANIZATION_BYTES')),
    multipartThreshold: Number(environment.ACCEPTANCE_MULTIPART_THRESHOLD ?? 100 * 1024 ** 2),
    agentBinding: environment.ACCEPTANCE_AGENT_BINDING === 'registered' ? 'registered' : 'first-ticket',
    patience: 5,
    differences: {},
    stop: async () => {},
  };
}

/** The inventory: after a run of all files, no documented operation may be left that never succeeded. */
async function requireEveryOperation(baseUrl: string, callLog: string): Promise<void> {
  const lines = (await readFile(callLog, 'utf8').catch(() => '')).trim().split('\n');
  const calls = lines.map((line) => line.split('\t'));
  const filesThatCalled = new Set(calls.map(([file]) => file));
  const files = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.test.ts'));
  if (!files.every((file) => filesThatCalled.has(file))) return;

  const called = new Set(calls.map(([, operation]) => operation));
  const response = await fetch(`${baseUrl}/api/v1/openapi.json`);
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, { operationId: string }>> };
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  const documented = operations.map(({ operationId }) => operationId);
  const missed = documented.filter((operation) => !called.has(operation));
  if (missed.length > 0) throw new Error(`no acceptance test succeeds with ${missed.join(', ')}`);
}
