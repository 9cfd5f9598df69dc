import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { consoleLog } from '../functions/local/console-log.ts';
import { openLocalDependencies } from '../functions/local/dependencies.ts';
import { callFunction, functionOf } from '../functions/local/function-of-event.ts';
import { urlOf } from '../functions/local/local-mode.ts';
import { readConfig } from '../shared/config.ts';
import { InvalidConfigurationError } from '../shared/errors.ts';

const NOTES = `
Without --function the settings are those of npm start, and no server may own the folder meanwhile.
With it, region and credentials are those of the AWS SDK; the end of the function's log is shown too.

The event is sent as it stands. Those of S3 in events/ name the bucket of a folder, "local"; put the name of
another bucket there, or its function lets the event pass.`;

/** `npm run -s invoke -- events/…`: what a function answers to an event, on stdout. Logs and faults are on stderr. */
const command = new Command('invoke')
  .description('Calls the function that an event is for, over UPLOAD_DIRECTORY, and prints its answer.')
  .argument('<event>', 'a file of JSON, as those in events/', readEvent)
  .option('--function <name>', 'call this function of a deployment instead: its name (see the outputs) or its ARN')
  .addHelpText('after', NOTES)
  .parse();
const [event] = command.processedArgs as [unknown];
const { function: deployedName } = command.opts<{ function?: string }>();
await (deployedName === undefined ? callHere() : callDeployed(deployedName));

function readEvent(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new InvalidArgumentError(`It accepts a file of JSON (${(cause as Error).message}).`);
  }
}

async function callHere(): Promise<void> {
  const name = functionOf(event) ?? command.error('error: the event is for none of the functions');
  try {
    const config = readConfig(process.env);
    const baseUrl = config.PUBLIC_BASE_URL || urlOf(config);
    const local = await openLocalDependencies({ config, baseUrl, log: consoleLog, clock: () => new Date() });
    try {
      print(await callFunction(local.dependencies, name, event));
    } finally {
      local.close();
    }
  } catch (error) {
    if (!(error instanceof InvalidConfigurationError)) throw error;
    command.error(error.message);
  }
}

async function callDeployed(name: string): Promise<void> {
  const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  const invocation = new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), LogType: 'Tail' });
  const answer = await new LambdaClient()
    .send(invocation)
    .catch((error: Error) => command.error(`error: "${name}" was not called. ${error.name}: ${error.message}`));
  process.stderr.write(Buffer.from(answer.LogResult ?? '', 'base64'));
  print(JSON.parse(answer.Payload?.transformToString() || 'null'));
  if (answer.FunctionError === undefined) return;
  console.error(`error: the function failed (${answer.FunctionError})`);
  process.exitCode = 1;
}

function print(answer: unknown): void {
  console.log(JSON.stringify(answer, null, 2));
}
