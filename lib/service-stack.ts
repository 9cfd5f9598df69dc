import { CfnCondition, CfnOutput, Duration, Fn, Stack } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { acknowledge } from './constructs/acknowledge.ts';
import { type FunctionEnvironment, functionEnvironment } from './constructs/function-environment.ts';
import { rightsOf, type ServiceResources } from './constructs/function-rights.ts';
import { removalPolicyOf } from './constructs/removal-policy.ts';
import { ServiceAlarms } from './constructs/service-alarms.ts';
import { ServiceApi } from './constructs/service-api.ts';
import { ServiceDashboard } from './constructs/service-dashboard.ts';
import { ServiceFunction } from './constructs/service-function.ts';
import { serviceNameOf } from './constructs/service-metric.ts';
import { createPoolIssuer, externalIssuer, type TokenIssuer } from './constructs/token-issuer.ts';
import type { FunctionName } from './function-bundle.ts';
import type { CodeOf } from './function-code.ts';
import type { StageConfig } from './stage-config.ts';
import type { StorageStack } from './storage-stack.ts';

export interface ServiceStackProps {
  readonly stackName: string;
  readonly config: StageConfig;
  readonly storage: StorageStack;
  readonly codeOf: CodeOf;
}

/** The compute: the API, the four functions, alarms and the dashboard. It holds no state. */
export class ServiceStack extends Stack {
  readonly #config: StageConfig;
  readonly #resources: ServiceResources;

  constructor(scope: Construct, id: string, { config, storage, codeOf, stackName }: ServiceStackProps) {
    super(scope, id, { stackName, description: 'Unified File Storage: API, functions, alarms and dashboard' });
    this.#config = config;
    this.#resources = {
      bucket: storage.bucket,
      keys: storage.keys,
      table: storage.table,
      uploadsQueue: storage.uploads.queue,
      maintenanceQueue: storage.maintenance.queue,
      distribution: storage.cdn.distribution,
      linkSecretArn: storage.linkSecretArn,
    };
    const issuer = this.#issuer();
    const api = new ServiceApi(this, 'Api', {
      allowedOrigins: config.allowedOrigins,
      issuer,
      requestsPerSecond: config.limits.requestsPerSecond,
      logRetentionDays: config.logRetentionDays,
      domain: config.apiDomain,
    });
    const environment = functionEnvironment({
      config,
      resources: this.#resources,
      cdnDomain: storage.cdn.domainName,
      baseUrl: api.baseUrl,
      claimNames: issuer.claimNames,
    });
    const functions = this.#functions(codeOf, environment);
    api.addRoutes({ 'public-api': functions['public-api'].function, api: functions.api.function });
    functions['process-upload'].takeFrom(storage.uploads.queue, config.limits.concurrentUploads);
    functions.maintenance.takeFrom(storage.maintenance.queue, config.limits.concurrentMaintenance);
    this.#sweepEachMinute(functions.maintenance);
    this.#observe(api, functions, storage);
    this.#tell({
      ApiUrl: api.baseUrl,
      ...(api.domainTarget !== undefined && { ApiDomainTarget: api.domainTarget }),
      PublicApiFunctionName: functions['public-api'].function.functionName,
      ApiFunctionName: functions.api.function.functionName,
      ProcessUploadFunctionName: functions['process-upload'].function.functionName,
      MaintenanceFunctionName: functions.maintenance.function.functionName,
    });
  }

  #issuer(): TokenIssuer {
    if (this.#config.jwt) return externalIssuer(this.#config.jwt);
    const pool = createPoolIssuer(this, removalPolicyOf(this.#config));
    this.#tell({ UserPoolId: pool.userPoolId, UserPoolClientId: pool.clientId });
    return pool;
  }

  #functions(codeOf: CodeOf, environment: FunctionEnvironment): Record<FunctionName, ServiceFunction> {
    const { architecture, logRetentionDays } = this.#config;
    const create = (id: string, name: FunctionName) =>
      new ServiceFunction(this, id, {
        name,
        code: codeOf(name),
        architecture,
        environment: { POWERTOOLS_SERVICE_NAME: serviceNameOf(this), ...environment },
        rights: rightsOf(name, this.#resources),
        logRetentionDays,
      });
    return {
      'public-api': create('PublicApiFunction', 'public-api'),
      api: create('ApiFunction', 'api'),
      'process-upload': create('ProcessUploadFunction', 'process-upload'),
      maintenance: create('MaintenanceFunction', 'maintenance'),
    };
  }

  /** A failed run is not retried: the next one, a minute later, does what is still due. */
  #sweepEachMinute({ function: maintenance }: ServiceFunction): void {
    const rule = new Rule(this, 'EachMinute', {
      description: 'Unified File Storage: sweep what is due',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaTarget(maintenance, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
    maintenance.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    const reason = 'The next run, a minute later, does the work of a lost one.';
    acknowledge(rule, { 'Serverless-EventBusDLQ': reason });
    acknowledge(maintenance, { 'Serverless-LambdaAsyncFailureDestination': reason });
  }

  #observe(api: ServiceApi, all: Record<FunctionName, ServiceFunction>, storage: StorageStack): void {
    const functions = Object.fromEntries(Object.entries(all).map(([name, one]) => [name, one.function]));
    const queues = { uploads: storage.uploads, maintenance: storage.maintenance };
    const { bucket, distribution } = this.#resources;
    const watched = { api: api.api, functions, queues };
    const { alarms } = new ServiceAlarms(this, 'Alarms', { ...watched, email: this.#config.alarmEmail });
    const { dashboard } = new ServiceDashboard(this, 'Overview', { ...watched, bucket, distribution, alarms });
    this.#tell({ DashboardUrl: this.#urlOf(dashboard) });
  }

  /** China's partition has a console of its own. */
  #urlOf({ dashboardName }: Dashboard): string {
    const expression = Fn.conditionEquals(this.partition, 'aws-cn');
    const isChina = new CfnCondition(this, 'IsChina', { expression });
    const host = Fn.conditionIf(isChina.logicalId, 'console.amazonaws.cn', 'console.aws.amazon.com').toString();
    return `https://${this.region}.${host}/cloudwatch/home?region=${this.region}#dashboards/dashboard/${dashboardName}`;
  }

  #tell(outputs: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
