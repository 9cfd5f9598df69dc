import { createRequire } from 'node:module';
import { Command } from 'commander';

/**
 * The CDK CLI, which reads `--stage X` as `--context stage=X`; by itself it would warn of an unknown option and go on
 * with dev. It runs in this process: its prompts, signals and exit code are this command's.
 */
const command = new Command('cdk')
  .option('--stage <name>')
  .allowUnknownOption()
  .allowExcessArguments()
  .helpOption(false)
  .parse();
// Without "--" npm keeps the option, and dev would be meant.
if (process.env.npm_config_stage !== undefined) command.error('error: write "--" before --stage, or npm takes it');
const { stage } = command.opts<{ stage?: string }>();
const context = stage === undefined ? [] : ['--context', `stage=${stage}`];
process.argv.splice(2, Infinity, ...context, ...command.args);
createRequire(import.meta.url)('aws-cdk/bin/cdk');
