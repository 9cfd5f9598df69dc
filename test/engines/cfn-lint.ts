import { join } from 'node:path';
import { installOnce, runCommand } from './engine-process.ts';

const VERSION = '1.58.0';

/**
 * What the linter of CloudFormation says of a template, one line for each finding.
 * @throws EngineUnavailableError without Python 3.
 */
export async function lintTemplate(file: string, options: { readonly ignore: readonly string[] }): Promise<string[]> {
  const python = join(await installOnce(`cfn-lint-${VERSION}`, install), 'bin/python');
  const ignored = options.ignore.flatMap((rule) => ['--ignore-checks', rule]);
  // Its script names the folder it was installed in, which has moved.
  const args = [
    '-c',
    'from cfnlint.runner import main; raise SystemExit(main())',
    '--format',
    'parseable',
    ...ignored,
    '--template',
    file,
  ];
  try {
    return linesOf(await runCommand(python, args));
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    // It ends with a number for what it found.
    if (!stdout) throw error;
    return linesOf(stdout);
  }
}

async function install(folder: string): Promise<void> {
  await runCommand('python3', ['-m', 'venv', folder]);
  const options = ['--quiet', '--disable-pip-version-check'];
  await runCommand(join(folder, 'bin/python'), ['-m', 'pip', 'install', ...options, `cfn-lint==${VERSION}`]);
}

function linesOf(output: string): string[] {
  return output.split('\n').filter(Boolean);
}
