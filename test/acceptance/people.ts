import { exec } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, inject } from 'vitest';
import { api } from './client.ts';

const run = promisify(exec);

/** Somebody who is signed in. */
export interface Person {
  readonly sub: string;
  readonly org: string;
  readonly token: string;
  /** The path of the person's own avatar below /api/v1: `/users/{sub}`. */
  readonly avatar: string;
}

export interface SignInOptions {
  /** @default somebody new */
  readonly sub?: string;
  /** @default a new organization */
  readonly org?: string;
  readonly role?: 'admin' | 'service';
  /** Seconds that the token is valid. @default what the command chooses */
  readonly ttl?: number;
}

/** An id that no other test has. */
export function newId(kind: string): string {
  return `${kind}-${randomUUID()}`;
}

export async function signIn(options: SignInOptions = {}): Promise<Person> {
  const { sub = newId('user'), org = newId('org'), role, ttl } = options;
  const words = [`--sub ${sub}`, `--org ${org}`, role && `--role ${role}`, ttl && `--ttl ${ttl}`].filter(Boolean);
  const { stdout } = await run(`${inject('target').tokenCommand} ${words.join(' ')}`);
  return { sub, org, token: stdout.trim(), avatar: `/users/${sub}` };
}

/** A new agent of the person's organization, as its path: `/agents/{id}`. Works however agents are bound. */
export async function newAgent({ org }: Pick<Person, 'org'>): Promise<string> {
  const agent = `/agents/${newId('agent')}`;
  const service = await signIn({ org, role: 'service' });
  const bound = await api('PUT', `${agent}/owner`, { token: service.token, json: { organizationId: org } });
  expect(bound).toMatchObject({ status: 204 });
  return agent;
}
