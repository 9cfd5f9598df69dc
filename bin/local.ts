import { consoleLog } from '../functions/local/console-log.ts';
import { startLocalMode } from '../functions/local/local-mode.ts';
import { readConfig } from '../shared/config.ts';
import { InvalidConfigurationError } from '../shared/errors.ts';

/** `npm start`: the service over a folder, until SIGTERM or Ctrl-C. */
try {
  const { url, stop } = await startLocalMode({
    config: readConfig(process.env),
    nodeEnv: process.env.NODE_ENV,
    log: consoleLog,
    clock: () => new Date(),
  });
  console.log(`Unified File Storage is ready at ${url}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, async () => {
      await stop();
      process.exit(0);
    });
  }
} catch (error) {
  if (!(error instanceof InvalidConfigurationError)) throw error;
  console.error(error.message);
  process.exit(1);
}
