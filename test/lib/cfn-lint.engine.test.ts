import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withoutCode } from '../../lib/function-code.ts';
import { parseStage } from '../../lib/stage-config.ts';
import { createStageStacks } from '../../lib/stage-stacks.ts';
import { lintTemplate } from '../engines/cfn-lint.ts';
import { createApp, FULL_STAGE, SMALL_STAGE } from './synthesize-stage.ts';

/** CDK writes a DependsOn also where a reference says it already. */
const CDK_DEPENDS_ON = 'W3005';

describe.each([
  ['of which only the origins are said', SMALL_STAGE],
  ['in which everything is said', FULL_STAGE],
])('the templates of a stage %s', (_, said) => {
  it('are accepted by the linter of CloudFormation', { timeout: 300_000 }, async () => {
    const app = createApp();
    createStageStacks(app, { stage: 'test', config: parseStage('test', said) }, withoutCode);
    const { stacks, directory } = app.synth();
    expect(stacks).toHaveLength(2);
    for (const { templateFile } of stacks) {
      expect(await lintTemplate(join(directory, templateFile), { ignore: [CDK_DEPENDS_ON] })).toEqual([]);
    }
  });
});
