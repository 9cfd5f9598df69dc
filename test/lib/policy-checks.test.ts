import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { withoutCode } from '../../lib/function-code.ts';
import { parseStage } from '../../lib/stage-config.ts';
import { createStageStacks } from '../../lib/stage-stacks.ts';
import { createApp, FULL_STAGE, SMALL_STAGE } from './synthesize-stage.ts';

describe('the AwsSolutions and Serverless checks', () => {
  it.each([
    ['with hosts, an issuer and a prefix of its own', FULL_STAGE],
    ['with nothing of its own', SMALL_STAGE],
  ])('find nothing in a stage %s', (_, said) => {
    const app = createApp();
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
    createStageStacks(app, { stage: 'test', config: parseStage('test', said) }, withoutCode);
    expect(() => app.synth()).not.toThrow();
  });
});
