import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

const BOOTSTRAP = new URL('./lambda-bootstrap.mjs', import.meta.url).pathname;
const TIMEOUT_MILLISECONDS = 120_000;

/** A function in a process of its own, behind the Lambda Runtime API. */
export interface RunningFunction {
  /** @throws Error with what the function threw. */
  invoke(event: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

interface Invocation {
  readonly event: unknown;
  readonly done: PromiseWithResolvers<unknown>;
}

/**
 * Starts a bundle as Lambda does: a fresh process of this Node with the function's environment alone. Resolves at once;
 * the first invocation waits for the start.
 */
export async function startFunction(
  handlerFile: string,
  environment: Record<string, string>,
): Promise<RunningFunction> {
  const waiting: Invocation[] = [];
  const running = new Map<string, Invocation>();
  let asking: ((invocation: Invocation) => void) | undefined;
  let failure: Error | undefined;

  const server = createServer(async (request, response) => {
    const [, id = '', kind = ''] = /\/invocation\/([^/]+)(?:\/(response|error))?$/.exec(request.url ?? '') ?? [];
    if (id === 'next') return handOver(request, response);
    const body = await json(request);
    response.end('{}');
    if (kind === 'response') running.get(id)?.done.resolve(body);
    else fail(new Error((body as { errorMessage?: string }).errorMessage), kind === 'error' ? id : undefined);
  });

  async function handOver(_: IncomingMessage, response: ServerResponse): Promise<void> {
    const invocation = waiting.shift() ?? (await new Promise<Invocation>((resolve) => (asking = resolve)));
    asking = undefined;
    const id = randomUUID();
    running.set(id, invocation);
    response.writeHead(200, {
      'lambda-runtime-aws-request-id': id,
      'lambda-runtime-deadline-ms': String(Date.now() + TIMEOUT_MILLISECONDS),
    });
    response.end(JSON.stringify(invocation.event));
  }

  /** One invocation failed, or the start did: then every invocation does. */
  function fail(error: Error, id?: string): void {
    if (id !== undefined) {
      running.get(id)?.done.reject(error);
      return;
    }
    failure = error;
    for (const { done } of [...waiting.splice(0), ...running.values()]) done.reject(error);
  }

  await once(server.listen(0, '127.0.0.1'), 'listening');
  const child = startProcess(handlerFile, (server.address() as AddressInfo).port, environment);
  return {
    async invoke(event) {
      if (failure) throw failure;
      const invocation = { event, done: Promise.withResolvers<unknown>() };
      if (asking) asking(invocation);
      else waiting.push(invocation);
      return invocation.done.promise;
    },
    async stop() {
      child.kill('SIGTERM');
      server.closeAllConnections();
      server.close();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

function startProcess(handlerFile: string, port: number, environment: Record<string, string>): ChildProcess {
  const env = { AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`, HANDLER_FILE: handlerFile, ...environment };
  return spawn(process.execPath, [BOOTSTRAP], { env, stdio: ['ignore', 'ignore', 'ignore'] });
}
