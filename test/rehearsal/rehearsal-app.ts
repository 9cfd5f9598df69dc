import { App } from 'aws-cdk-lib';
import { CfnMonitoringSubscription } from 'aws-cdk-lib/aws-cloudfront';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import { bundledCode } from '../../lib/function-code.ts';
import { readStage } from '../../lib/stage-config.ts';
import { createStageStacks } from '../../lib/stage-stacks.ts';

/**
 * The product's app as it is deployed to the emulator. What the emulator refuses is left out here, and nothing else.
 * Policies are checked where the product's own app is synthesized.
 */
const app = new App();
const stage = readStage(app.node);
createStageStacks(app, stage, bundledCode(stage.config.architecture));
for (const construct of app.node.findAll()) {
  if (construct instanceof CfnMonitoringSubscription) leaveOutHitRate(construct);
  if (construct instanceof CfnAlarm && construct.metrics) leaveOutMetricMath(construct);
}

/** The CDN's additional metrics, which the dashboard shows. */
function leaveOutHitRate({ node }: IConstruct): void {
  node.scope?.node.tryRemoveChild(node.id);
}

/** An alarm over an expression becomes one over a metric: it is there for the dashboard, but rings by another rule. */
function leaveOutMetricMath(alarm: CfnAlarm): void {
  alarm.addDeletionOverride('Properties.Metrics');
  alarm.addPropertyOverride('MetricName', 'Errors');
  alarm.addPropertyOverride('Namespace', 'AWS/Lambda');
  alarm.addPropertyOverride('Period', 300);
  alarm.addPropertyOverride('Statistic', 'Sum');
}
