import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Resource, resourcesOf, SMALL_STAGE, synthesizeStage } from '../lib/synthesize-stage.ts';

/*
 * The picture of what is deployed calls each thing by its logical id without the hash, so that it can be held against
 * the templates. What is not in a template (client, operator) and what stands for many (the alarms) is left out.
 */

const text = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
const picture = [...text.matchAll(/```mermaid\n(.*?)```/gs)]
  .map(([, one]) => one)
  .find((one) => one?.includes('stack'));
const { storage, service } = synthesizeStage(SMALL_STAGE);
const resources: Record<string, Resource> = { ...storage.toJSON().Resources, ...service.toJSON().Resources };

/** The nodes of a type, as the picture calls them. */
function nodesOf(type: string): string[] {
  const found = [storage, service].flatMap((template) => Object.keys(resourcesOf(template, type)));
  return found.map(nodeOf);
}

function nodeOf(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}

/** The nodes of these types that a value of a template refers to, in whatever way. */
function named(value: unknown, types: readonly string[]): string[] {
  const ids = Object.keys(resources).filter((id) => types.includes(resources[id]?.Type ?? ''));
  return ids.filter((id) => JSON.stringify(value).includes(id)).map(nodeOf);
}

function each(type: string): [string, Resource['Properties']][] {
  return Object.entries(resources).flatMap(([id, { Type, Properties }]) => (Type === type ? [[id, Properties]] : []));
}

const FUNCTION = 'AWS::Lambda::Function';
const QUEUE = 'AWS::SQS::Queue';
const BUCKET = 'AWS::S3::Bucket';
const DISTRIBUTION = 'AWS::CloudFront::Distribution';
const MAY_BE_USED = [QUEUE, BUCKET, DISTRIBUTION, 'AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret'];

/** Every arrow that the templates have between two nodes: `from -> to`. */
function arrowsOfTemplates(): string[] {
  const arrows: string[] = [];
  const draw = (from: readonly string[], to: readonly string[]) =>
    arrows.push(...from.flatMap((one) => to.map((other) => `${one} -> ${other}`)));

  for (const [, { IntegrationUri }] of each('AWS::ApiGatewayV2::Integration')) {
    const [name = ''] = named(IntegrationUri, [FUNCTION]);
    draw([isBehindTokens(name) ? 'ApiHttpApiTokens' : 'ApiHttpApi'], [name]);
  }
  draw(['ApiHttpApi'], nodesOf('AWS::ApiGatewayV2::Authorizer'));
  for (const [, { EventSourceArn, FunctionName }] of each('AWS::Lambda::EventSourceMapping')) {
    draw(named(EventSourceArn, [QUEUE]), named(FunctionName, [FUNCTION]));
  }
  for (const [id, { Targets }] of each('AWS::Events::Rule')) draw([nodeOf(id)], named(Targets, [FUNCTION]));
  for (const [id, { RedrivePolicy }] of each(QUEUE))
    draw([nodeOf(id)], RedrivePolicy ? named(RedrivePolicy, [QUEUE]) : []);
  for (const [id, { NotificationConfiguration }] of each(BUCKET)) {
    if (NotificationConfiguration) draw([nodeOf(id)], named(NotificationConfiguration, [QUEUE]));
  }
  for (const [id, { DistributionConfig }] of each(DISTRIBUTION)) {
    draw([nodeOf(id)], named(DistributionConfig.Origins, [BUCKET]));
  }
  for (const [, { Roles, PolicyDocument }] of each('AWS::IAM::Policy')) {
    const [role = ''] = named(Roles, ['AWS::IAM::Role']);
    for (const { Action, Resource } of PolicyDocument.Statement) {
      if (![Action].flat().includes('sqs:ReceiveMessage'))
        draw([role.replace(/Role$/, '')], named(Resource, MAY_BE_USED));
    }
  }
  return [...new Set(arrows)].sort();
}

function isBehindTokens(functionName: string): boolean {
  const integrations = each('AWS::ApiGatewayV2::Integration').filter(
    ([, { IntegrationUri }]) => named(IntegrationUri, [FUNCTION])[0] === functionName,
  );
  const routes = each('AWS::ApiGatewayV2::Route').filter(([, { Target }]) =>
    integrations.some(([id]) => JSON.stringify(Target).includes(id)),
  );
  return routes.every(([, { AuthorizationType }]) => AuthorizationType === 'JWT');
}

/** The arrows of the picture between things of the templates. */
function arrowsOfPicture(): string[] {
  const outside = ['Client', 'Operator', 'Alarms'];
  const lines = [...(picture ?? '').matchAll(/^ *(\w+) -->(?:\|[^|]+\|)? (\w+(?: & \w+)*)$/gm)];
  return lines
    .flatMap(([, from = '', to = '']) => to.split(' & ').map((one) => [from, one]))
    .filter(([from = '', to = '']) => !outside.includes(from) && !outside.includes(to))
    .map(([from, to]) => `${from} -> ${to}`)
    .sort();
}

function nodesOfPicture(stack: 'service' | 'storage'): string[] {
  const inside = new RegExp(`subgraph ${stack} .*?\\n(.*?)\\n  end`, 's').exec(picture ?? '')?.[1] ?? '';
  return [...inside.matchAll(/^ +(\w+)[[({>]/gm)].map(([, id = '']) => id).filter((id) => id !== 'Alarms');
}

it('the picture shows every function and queue, and nothing that is not in its stack', () => {
  for (const type of [FUNCTION, QUEUE]) {
    const shown = [...nodesOfPicture('service'), ...nodesOfPicture('storage')];
    expect(shown).toEqual(expect.arrayContaining(nodesOf(type)));
  }
  const idsOf = (template: typeof storage) => Object.keys(template.toJSON().Resources).map(nodeOf);
  expect(idsOf(service)).toEqual(expect.arrayContaining(nodesOfPicture('service')));
  expect(idsOf(storage)).toEqual(expect.arrayContaining(nodesOfPicture('storage')));
});

it('its arrows are those of the templates: routes, events, redrives, and what each role may use', () => {
  expect(arrowsOfPicture()).toEqual(arrowsOfTemplates());
});

it('it counts the alarms, and all of them go to the topic', () => {
  const alarms = each('AWS::CloudWatch::Alarm');
  expect(picture).toContain(`{{${alarms.length} alarms}}`);
  for (const [, { AlarmActions }] of alarms) expect(named(AlarmActions, ['AWS::SNS::Topic'])).toEqual(['AlarmsTopic']);
});
