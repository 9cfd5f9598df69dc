import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CorsHttpMethod,
  DomainName,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { OperationGroup } from '../../shared/api/operations.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import { acknowledge } from './acknowledge.ts';
import type { TokenIssuer } from './token-issuer.ts';

export interface ServiceApiProps {
  readonly allowedOrigins: readonly string[];
  readonly issuer: TokenIssuer;
  /** Requests per second of all clients together; the burst limit is twice as high. */
  readonly requestsPerSecond: number;
  readonly logRetentionDays: number;
  /** A custom domain. @default - the domain of API Gateway */
  readonly domain?: { readonly name: string; readonly certificateArn: string } | undefined;
}

/** The HTTP API with the routes of the contract. It is created before its functions, which need its URL. */
export class ServiceApi extends Construct {
  readonly api: HttpApi;
  /** Where clients reach it, without a final slash. */
  readonly baseUrl: string;
  /** What the custom domain must be an alias of; undefined without one. */
  readonly domainTarget: string | undefined;
  readonly #authorizer: HttpJwtAuthorizer;

  constructor(scope: Construct, id: string, props: ServiceApiProps) {
    super(scope, id);
    const { issuer, domain } = props;
    this.api = new HttpApi(this, 'HttpApi', {
      description: 'Unified File Storage',
      createDefaultStage: false,
      corsPreflight: corsOf(props.allowedOrigins),
      // A second URL would bypass whatever protects the custom domain.
      disableExecuteApiEndpoint: domain !== undefined,
    });
    const host = domain && this.#host(domain);
    this.domainTarget = host?.regionalDomainName;
    this.#addStage(props, host);
    this.baseUrl = domain ? `https://${domain.name}` : this.api.apiEndpoint;
    this.#authorizer = new HttpJwtAuthorizer('Tokens', issuer.url, { jwtAudience: [...issuer.audience] });
  }

  /** Adds the routes of the contract, each to the function of its group; all other requests go to the public one. */
  addRoutes(functions: Readonly<Record<OperationGroup, IFunction>>): void {
    const integrations = {
      'public-api': integration('PublicApi', functions['public-api']),
      api: integration('Api', functions.api),
    };
    for (const { operation, path, routeKey } of ROUTES) {
      const route = new HttpRoute(this, routeKey.replaceAll('/', '.'), {
        httpApi: this.api,
        routeKey: HttpRouteKey.with(path, HttpMethod[operation.method]),
        integration: integrations[operation.group],
        authorizer: operation.group === 'api' ? this.#authorizer : new HttpNoneAuthorizer(),
      });
      if (operation.group === 'public-api') {
        acknowledge(route, { 'AwsSolutions-APIG4': `Anyone may: ${operation.summary}` });
      }
    }
    const others = new HttpRoute(this, 'Others', {
      httpApi: this.api,
      routeKey: HttpRouteKey.DEFAULT,
      integration: integrations['public-api'],
    });
    acknowledge(others, { 'AwsSolutions-APIG4': 'It responds that there is no such URL, or no such method.' });
  }

  #host({ name, certificateArn }: NonNullable<ServiceApiProps['domain']>): DomainName {
    const certificate = Certificate.fromCertificateArn(this, 'Certificate', certificateArn);
    return new DomainName(this, 'Domain', { domainName: name, certificate });
  }

  #addStage({ requestsPerSecond, logRetentionDays }: ServiceApiProps, host: DomainName | undefined): void {
    const log = new LogGroup(this, 'AccessLog', {
      retention: logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: requestsPerSecond, burstLimit: 2 * requestsPerSecond },
      accessLogSettings: { destination: new LogGroupLogDestination(log), format: ACCESS_LOG_FORMAT },
      ...(host && { domainMapping: { domainName: host } }),
    });
  }
}

/** Without tokens, query strings (they hold signatures) and file names. */
const ACCESS_LOG_FORMAT = AccessLogFormat.custom(
  JSON.stringify({
    requestId: '$context.requestId',
    time: '$context.requestTime',
    ip: '$context.identity.sourceIp',
    routeKey: '$context.routeKey',
    status: '$context.status',
    bytes: '$context.responseLength',
    milliseconds: '$context.responseLatency',
    error: '$context.error.message',
    integrationError: '$context.integrationErrorMessage',
  }),
);

function integration(id: string, handler: IFunction): HttpLambdaIntegration {
  // One permission for the whole API: a function's policy has no room for one per route.
  return new HttpLambdaIntegration(id, handler, { scopePermissionToRoute: false });
}

function corsOf(allowedOrigins: readonly string[]) {
  return {
    allowOrigins: [...allowedOrigins],
    allowMethods: [...new Set(ROUTES.map(({ operation }) => CorsHttpMethod[operation.method]))],
    allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match'],
    exposeHeaders: ['location', 'retry-after', 'etag'],
    maxAge: Duration.hours(1),
  };
}
