import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { AccountRecovery, ClientAttributes, Mfa, StringAttribute, UserPool } from 'aws-cdk-lib/aws-cognito';
import type { Construct } from 'constructs';
import type { StageConfig } from '../stage-config.ts';
import { acknowledge } from './acknowledge.ts';

/** The issuer of the tokens that the API accepts. */
export interface TokenIssuer {
  readonly url: string;
  readonly audience: readonly string[];
  readonly claimNames: { readonly subject: string; readonly organization: string; readonly roles: string };
}

/** The issuer that the stage configures. */
export function externalIssuer(jwt: NonNullable<StageConfig['jwt']>): TokenIssuer {
  const { issuer: url, audience, subjectClaim: subject, organizationClaim: organization, rolesClaim: roles } = jwt;
  return { url, audience, claimNames: { subject, organization, roles } };
}

/** A user pool of Cognito, and the client that signs users in. */
export interface PoolIssuer extends TokenIssuer {
  readonly userPoolId: string;
  readonly clientId: string;
}

/**
 * A pool in which administrators create users, each with an organization. The API accepts its ID tokens: access tokens
 * do not contain the organization.
 */
export function createPoolIssuer(scope: Construct, removalPolicy: RemovalPolicy): PoolIssuer {
  const pool = new UserPool(scope, 'Users', {
    selfSignUpEnabled: false,
    signInAliases: { email: true },
    standardAttributes: { email: { required: true, mutable: true } },
    customAttributes: { organization: new StringAttribute({ minLen: 1, maxLen: 128, mutable: true }) },
    passwordPolicy: {
      minLength: 14,
      requireDigits: true,
      requireLowercase: true,
      requireUppercase: true,
      requireSymbols: true,
    },
    mfa: Mfa.OPTIONAL,
    mfaSecondFactor: { otp: true, sms: false },
    accountRecovery: AccountRecovery.EMAIL_ONLY,
    removalPolicy,
  });
  acknowledge(pool, {
    'AwsSolutions-COG2': 'Users may add a second factor; the pool is for trying out the service.',
    'AwsSolutions-COG8': 'Threat protection costs a fee per user; a custom issuer replaces the pool.',
  });
  const client = pool.addClient('Client', {
    authFlows: { userSrp: true, adminUserPassword: true },
    disableOAuth: true,
    preventUserExistenceErrors: true,
    idTokenValidity: Duration.hours(1),
    accessTokenValidity: Duration.hours(1),
    readAttributes: new ClientAttributes().withStandardAttributes({ email: true }).withCustomAttributes('organization'),
    // By default a client may write every custom attribute: a user could choose the organization.
    writeAttributes: new ClientAttributes().withStandardAttributes({ email: true }),
  });
  return {
    url: pool.userPoolProviderUrl,
    audience: [client.userPoolClientId],
    claimNames: { subject: 'sub', organization: 'custom:organization', roles: 'cognito:groups' },
    userPoolId: pool.userPoolId,
    clientId: client.userPoolClientId,
  };
}
