import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeStage } from '../lib/stage-config.ts';
import { openApiDocument } from '../shared/api/openapi.ts';
import { BASE_PATH, OPERATIONS, type Operation } from '../shared/api/operations.ts';
import { PROBLEMS } from '../shared/api/problems.ts';
import { describeConfig } from '../shared/config.ts';
import { IMAGE_COLUMNS, IMAGE_ROWS } from './image-table.ts';

/**
 * `npm run openapi`: writes what is generated from the contract and the schemas of the configuration: docs/openapi.json,
 * and the tables between `<!-- generated: name -->` and `<!-- end -->`. With --check, only tells whether they are up to
 * date.
 */
const ROOT = new URL('../', import.meta.url);

const WITH_TABLES = ['README.md', 'docs/api.md', 'docs/configuration.md', 'docs/operations.md'];

const TABLES: Record<string, () => string> = {
  operations: () => {
    const rows = (Object.values(OPERATIONS) as Operation[]).map(({ method, routes, summary, callers }) => {
      const paths = routes.map(({ path }) => `\`${path}\``).join('<br>');
      return [method, paths, summary, callers];
    });
    return `Below \`${BASE_PATH}\`:\n\n${table(['', 'Address', 'What it does', 'Who may'], rows)}`;
  },
  problems: () => {
    const rows = Object.entries(PROBLEMS).map(([code, { status, remedy }]) => [`\`${code}\``, `${status}`, remedy]);
    return table(['Code', 'Status', 'What to do'], rows);
  },
  configuration: () => {
    const rows = describeConfig().map(({ name, accepts, fallback }) => [`\`${name}\``, accepts, fallback || '-']);
    return table(['Variable', 'Accepts', 'Default'], rows);
  },
  images: () => table(IMAGE_COLUMNS, IMAGE_ROWS),
  stage: () => {
    const rows = describeStage().map(({ name, meaning, accepts, fallback, isRequired }) => {
      return [`\`${name}\``, meaning, accepts, isRequired ? 'must be set' : fallback || '-'];
    });
    return table(['Key', 'What it is', 'Accepts', 'Default'], rows);
  },
};

const { values } = parseArgs({ options: { check: { type: 'boolean' } } });
const stale: string[] = [];
await keep('docs/openapi.json', () => `${JSON.stringify(openApiDocument(), null, 2)}\n`);
for (const path of WITH_TABLES) await keep(path, fillTables);
if (stale.length > 0) {
  console.error(`not what contract and schemas say: ${stale.join(', ')}; run: npm run openapi`);
  process.exitCode = 1;
}

async function keep(path: string, generate: (before: string) => string): Promise<void> {
  const file = new URL(path, ROOT);
  const before = await readFile(file, 'utf8').catch(() => '');
  const after = generate(before);
  if (after === before) return;
  if (values.check) stale.push(path);
  else await writeFile(file, after);
}

function fillTables(markdown: string): string {
  return markdown.replace(/(<!-- generated: (\w+) -->\n).*?(<!-- end -->)/gs, (_, start, name, end) => {
    const make = TABLES[name];
    if (!make) throw new Error(`no table is called "${name}"`);
    return `${start}${make()}\n${end}`;
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
