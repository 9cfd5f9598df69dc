import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runScript } from './run-command.ts';

interface Manifest {
  readonly artifacts: Readonly<Record<string, { readonly properties: { readonly stackName?: string } }>>;
}

describe('the commands for the stacks', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cdk-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (script: string, words: readonly string[]) =>
    runScript(script, [...words, '--context', 'bundle=false', '--output', folder], { HOME: folder, CI: 'true' });

  async function stacksOf(words: readonly string[]): Promise<string[]> {
    const { code, stderr } = await run('synth', words);
    expect(code, stderr).toBe(0);
    const { artifacts } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
    return Object.values(artifacts)
      .flatMap(({ properties: { stackName } }) => stackName ?? [])
      .sort();
  }

  it.each([
    ['dev', 'none is named', []],
    ['prod', 'it is named', ['--stage', 'prod']],
  ])('are about those of %s where %s', async (stage, _, words) => {
    expect(await stacksOf(words)).toEqual([
      `unified-file-storage-${stage}-service`,
      `unified-file-storage-${stage}-storage`,
    ]);
  });

  it('take every option of the CDK beside the stage', async () => {
    const stageFile = join(folder, 'team.json');
    await writeFile(stageFile, JSON.stringify({ name: 'files', allowedOrigins: ['https://app.example.com'] }));
    const words = ['--json', '--stage=team', '--context', `stageFile=${stageFile}`];
    expect(await stacksOf(words)).toEqual(['files-team-service', 'files-team-storage']);
  });

  it.each([
    ['deploy', ['--stage', 'production'], 'stage is "production"; cdk.json has stages for dev, prod\n'],
    ['destroy', ['--stage=Prod'], 'stage is "Prod"; it accepts at most 16 lower case letters and digits\n'],
    ['synth', ['--stage', '--strict'], 'stage is "--strict"; it accepts at most 16 lower case letters and digits\n'],
  ])('%s ends on %j with a sentence', async (script, words, sentence) => {
    const { code, stderr } = await run(script, words);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^${sentence}`));
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('miss the name of a stage, rather than take another', async () => {
    const { code, stderr } = await runScript('deploy', ['--stage'], { HOME: folder });
    expect([code, stderr]).toEqual([1, "error: option '--stage <name>' argument missing\n"]);
  });

  it('never take a stage for dev because npm kept its name to itself', async () => {
    const { code, stderr } = await runScript('deploy', [], { HOME: folder, npm_config_stage: 'prod' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: write "--" before --stage, or npm takes it$/m);
  });
});
