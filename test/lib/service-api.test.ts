import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../shared/api/routes.ts';
import { FULL_STAGE, resourceOf, resourcesOf, SMALL_STAGE, synthesizeStage, textOf } from './synthesize-stage.ts';

const { service } = synthesizeStage(FULL_STAGE);
const { service: small } = synthesizeStage(SMALL_STAGE);

/** What answers a route, and whether it takes a token: route key -> `function, authorizer`. */
function routesIn(template: Template): Record<string, string> {
  const integrations = resourcesOf(template, 'AWS::ApiGatewayV2::Integration');
  const routes = Object.values(resourcesOf(template, 'AWS::ApiGatewayV2::Route')).map(({ Properties: route }) => {
    const target = textOf(route.Target).replace('integrations/', '');
    const handler = textOf(integrations[target]?.Properties.IntegrationUri).replace(/Function[0-9A-F]{8}\.Arn$/, '');
    return [route.RouteKey, `${handler}, ${route.AuthorizationType ?? 'NONE'}`] as const;
  });
  return Object.fromEntries(routes);
}

describe('the API', () => {
  it('has the routes of the contract, those of the api group with a token, and one for all others', () => {
    const answered = { api: 'Api, JWT', 'public-api': 'PublicApi, NONE' };
    expect(routesIn(service)).toEqual({
      ...Object.fromEntries(ROUTES.map(({ routeKey, operation }) => [routeKey, answered[operation.group]])),
      $default: 'PublicApi, NONE',
    });
  });

  it('sends the functions events of the version that they read', () => {
    const versions = Object.values(resourcesOf(service, 'AWS::ApiGatewayV2::Integration')).map(
      ({ Properties }) => Properties.PayloadFormatVersion,
    );
    expect(versions).toEqual(['2.0', '2.0']);
  });

  it("is called by the stage's pages, with the headers that the contract knows", () => {
    expect(resourceOf(service, 'AWS::ApiGatewayV2::Api').Properties.CorsConfiguration).toEqual({
      AllowOrigins: FULL_STAGE.allowedOrigins,
      AllowMethods: expect.arrayContaining(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
      AllowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match'],
      ExposeHeaders: ['location', 'retry-after', 'etag'],
      MaxAge: 3600,
    });
  });

  it('is throttled, and logs requests without query strings and tokens', () => {
    const { Properties: stage } = resourceOf(service, 'AWS::ApiGatewayV2::Stage');
    expect(stage.DefaultRouteSettings).toMatchObject({ ThrottlingRateLimit: 900, ThrottlingBurstLimit: 1800 });
    expect(textOf(stage.AccessLogSettings.DestinationArn)).toMatch(/^ApiAccessLog/);
    expect(JSON.parse(stage.AccessLogSettings.Format)).toMatchObject({ routeKey: '$context.routeKey' });
    expect(stage.AccessLogSettings.Format).not.toMatch(/query|authorizer|header|\$context\.path/i);
  });

  it('has the custom domain of the stage, and then no other', () => {
    expect(resourceOf(service, 'AWS::ApiGatewayV2::DomainName').Properties).toMatchObject({
      DomainName: 'api.example.com',
      DomainNameConfigurations: [{ CertificateArn: FULL_STAGE.apiDomain.certificateArn }],
    });
    expect(resourceOf(service, 'AWS::ApiGatewayV2::Api').Properties.DisableExecuteApiEndpoint).toBe(true);
    expect(service.findOutputs('ApiUrl')).toMatchObject({ ApiUrl: { Value: 'https://api.example.com' } });
    expect(resourcesOf(small, 'AWS::ApiGatewayV2::DomainName')).toEqual({});
    expect(textOf(small.findOutputs('ApiUrl').ApiUrl?.Value)).toMatch(/^ApiHttpApi[0-9A-F]{8}\.ApiEndpoint$/);
  });
});

describe('tokens', () => {
  it('are accepted from the issuer of the stage', () => {
    expect(resourceOf(service, 'AWS::ApiGatewayV2::Authorizer').Properties).toMatchObject({
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Issuer: FULL_STAGE.jwt.issuer, Audience: FULL_STAGE.jwt.audience },
    });
    expect(resourcesOf(service, 'AWS::Cognito::UserPool')).toEqual({});
  });

  it("are those of the stage's own user pool otherwise", () => {
    const { JwtConfiguration } = resourceOf(small, 'AWS::ApiGatewayV2::Authorizer').Properties;
    expect(textOf(JwtConfiguration.Issuer)).toBe('Users0A0EEA89.ProviderURL');
    expect(JwtConfiguration.Audience.map(textOf)).toEqual(['UsersClient3B43F2CF']);
  });

  it('contain an organization that users cannot choose, and users cannot sign up', () => {
    const client = resourceOf(small, 'AWS::Cognito::UserPoolClient').Properties;
    expect(client.WriteAttributes).toEqual(['email']);
    expect(client.ReadAttributes).toContain('custom:organization');
    const pool = resourceOf(small, 'AWS::Cognito::UserPool').Properties;
    expect(pool.AdminCreateUserConfig).toEqual({ AllowAdminCreateUserOnly: true });
  });
});
