import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { describeStage } from '../../lib/stage-config.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { FULL_STAGE, resourcesOf, SMALL_STAGE, synthesizeStage } from '../lib/synthesize-stage.ts';
import { tableAfter } from './tables.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const text = readFileSync(join(DOCS, 'operations.md'), 'utf8');
const headings = [...text.matchAll(/^##+ (.+)$/gm)].map(([, heading = '']) => heading);
const commands = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block);

/** With a user pool and CDK's own hosts, and with neither. */
const stages = [SMALL_STAGE, FULL_STAGE].map(synthesizeStage);

function outputsOf(stack: 'storage' | 'service'): Set<string> {
  const all = stages.flatMap((stage) => Object.keys(stage[stack].findOutputs('*')));
  return new Set(all.filter((name) => !name.startsWith('ExportsOutput')));
}

function idsOf(template: Template): string[] {
  return Object.keys((template.toJSON() as { Resources: object }).Resources);
}

/** What follows a word of the helpers in commands and text, each once: `output service ApiUrl`. */
function mentioned(word: 'output' | 'resource'): { stack: 'storage' | 'service'; name: string }[] {
  const found = new Set([...text.matchAll(new RegExp(`\\b${word} (?:storage|service) \\w+`, 'g'))].map(([all]) => all));
  return [...found].map((all) => {
    const [, stack, name = ''] = all.split(' ');
    return { stack: stack as 'storage' | 'service', name };
  });
}

describe('the operations manual', () => {
  it('has a section for each alarm, and none for an alarm that is not there', () => {
    const [{ service }] = stages as [(typeof stages)[0]];
    const ids = Object.keys(resourcesOf(service, 'AWS::CloudWatch::Alarm')).map((id) => id.slice(0, -8));
    const alarms = text.slice(text.indexOf('\n## Alarms\n'), text.indexOf('\n## Pause uploads\n'));
    const sections = [...alarms.matchAll(/^### (.+)$/gm)].flatMap(([, heading = '']) => heading.split(', '));
    expect(sections.map((name) => `Alarms${name.replaceAll('-', '')}`).sort()).toEqual(ids.sort());
  });

  it.each(['storage', 'service'] as const)('says what each output of the %s stack is for', (stack) => {
    const rows = tableAfter(text, '### Outputs').filter(([of]) => of === stack);
    expect(new Set(rows.map(([, name = '']) => name.replaceAll('`', '')))).toEqual(outputsOf(stack));
    for (const [, name, use] of rows) expect(use, name).toMatch(/\w/);
  });

  it('says of each key of a stage what it is and what it accepts', () => {
    const rows = tableAfter(text, '<!-- generated: stage -->');
    expect(rows.map(([name]) => name)).toEqual(describeStage().map(({ name }) => `\`${name}\``));
    for (const [name, meaning, accepts] of rows) expect([meaning, accepts], name).not.toContain('');
  });

  it.each(mentioned('output'))('asks for an output that there is: $stack $name', ({ stack, name }) => {
    expect(outputsOf(stack)).toContain(name);
  });

  it.each(mentioned('resource'))('asks for one resource, and one that there is: $stack $name', ({ stack, name }) => {
    for (const stage of stages) expect(idsOf(stage[stack]).filter((id) => id.startsWith(name))).toHaveLength(1);
  });

  it('names scripts, files and sections that exist', () => {
    const scripts = [...text.matchAll(/npm run (?:-s )?(\w+)/g)].map(([, name]) => name);
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(scripts));
    const paths = [...text.matchAll(/\b(?:bin|docs|events|lib|test)\/[\w./-]+\w/g)].map(([path]) => path);
    expect(paths).toContain('test/lib/storage-stack.test.ts');
    expect(paths.filter((path) => !existsSync(join(DOCS, '..', path)))).toEqual([]);
    const links = [...text.matchAll(/\]\((?!https:)([^)#]*)(?:#([\w-]+))?\)/g)];
    const anchors = headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(' ', '-')
        .replaceAll(/[^\w-]/g, ''),
    );
    for (const [link, file = '', anchor] of links) {
      expect(existsSync(join(DOCS, file)), link).toBe(true);
      if (anchor !== undefined) expect(anchors, link).toContain(anchor);
    }
  });

  it('has commands that a shell can read', () => {
    expect(commands.length).toBeGreaterThan(20);
    execFileSync('bash', ['-n'], { input: commands.join('\n') });
  });

  it.each(['uploads', 'idle'])('multiplies and adds rightly: %s', (name) => {
    const rows = tableAfter(text, `<!-- cost: ${name} -->`);
    const total = rows.at(-1)?.at(-1)?.replaceAll('*', '');
    const costs = rows.slice(0, -1).map(([what, number, , price, cost]) => {
      expect(cost, what).toBe((Number(number) * Number(price)).toFixed(2));
      return Number(cost);
    });
    expect(total).toBe(costs.reduce((sum, cost) => sum + cost, 0).toFixed(2));
  });
});
