import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { bundledCode, withoutCode } from '../lib/function-code.ts';
import { readStage } from '../lib/stage-config.ts';
import { createStageStacks } from '../lib/stage-stacks.ts';
import { InvalidConfigurationError } from '../shared/errors.ts';

/** What `cdk synth` and `cdk deploy` run: the stage's stacks, which fail when they break a policy. */
const app = new App();
try {
  const stage = readStage(app.node);
  const bundle = `${app.node.tryGetContext('bundle') ?? true}` !== 'false';
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  createStageStacks(app, stage, bundle ? bundledCode(stage.config.architecture) : withoutCode);
} catch (error) {
  if (!(error instanceof InvalidConfigurationError)) throw error;
  console.error(error.message);
  process.exit(1);
}
