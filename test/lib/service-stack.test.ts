import { describe, expect, it } from 'vitest';
import { FULL_STAGE, resourcesOf, SMALL_STAGE, synthesizeStage, textOf } from './synthesize-stage.ts';

const { service } = synthesizeStage(FULL_STAGE);
const { service: small } = synthesizeStage(SMALL_STAGE);

const ALWAYS = [
  'ApiFunctionName',
  'ApiUrl',
  'DashboardUrl',
  'MaintenanceFunctionName',
  'ProcessUploadFunctionName',
  'PublicApiFunctionName',
];

describe('a deployment', () => {
  it('has outputs for all that its users need', () => {
    expect(Object.keys(service.findOutputs('*')).sort()).toEqual([...ALWAYS, 'ApiDomainTarget'].sort());
    expect(Object.keys(small.findOutputs('*')).sort()).toEqual([...ALWAYS, 'UserPoolClientId', 'UserPoolId'].sort());
  });

  it.each(['PublicApi', 'Api', 'ProcessUpload', 'Maintenance'])('names the function %s', (name) => {
    const output = `${name}FunctionName`;
    const id = textOf(service.findOutputs(output)[output]?.Value);
    expect(id.replace(/[0-9A-F]{8}$/, '')).toBe(`${name}Function`);
    expect(Object.keys(resourcesOf(service, 'AWS::Lambda::Function'))).toContain(id);
  });

  it('shows its dashboard in the console of its region, which is another one in China', () => {
    const region = { Ref: 'AWS::Region' };
    const host = { 'Fn::If': ['IsChina', 'console.amazonaws.cn', 'console.aws.amazon.com'] };
    const name = { Ref: expect.stringMatching(/^OverviewDashboard/) };
    expect(service.findOutputs('DashboardUrl').DashboardUrl?.Value['Fn::Join'][1]).toEqual([
      'https://',
      region,
      '.',
      host,
      '/cloudwatch/home?region=',
      region,
      '#dashboards/dashboard/',
      name,
    ]);
    service.hasCondition('IsChina', { 'Fn::Equals': [{ Ref: 'AWS::Partition' }, 'aws-cn'] });
  });
});
