import { consoleLog } from '../functions/local/console-log.ts';
import { startLocalMode } from '../functions/local/local-mode.ts';
import { readConfig } from '../shared/config.ts';
import { InvalidConfigurationError } from '../shared/errors.ts';

/** Taken at once: it may be gone before the service is ready. */
const parent = process.ppid;

/** `npm start`: the service over a folder, until SIGTERM or Ctrl-C. */
try {
  const { url, stop } = await startLocalMode({
    config: readConfig(process.env),
    nodeEnv: process.env.NODE_ENV,
    log: consoleLog,
    clock: () => new Date(),
  });
  console.log(`Unified File Storage is ready at ${url}`);
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    await stop();
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  if (process.env.npm_lifecycle_event) whenOrphaned(end);
} catch (error) {
  if (!(error instanceof InvalidConfigurationError)) throw error;
  console.error(error.message);
  process.exit(1);
}

/**
 * npm runs its script in a shell, and that shell dies of the SIGTERM that npm passes on without passing it on itself. A
 * server that lost its parent this way would go on for ever, and hold the folder.
 */
function whenOrphaned(end: () => void): void {
  setInterval(() => process.ppid !== parent && end(), 200).unref();
}
