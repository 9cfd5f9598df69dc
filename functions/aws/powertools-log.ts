import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../../shared/dependencies.ts';

/** Structured lines for CloudWatch Logs. POWERTOOLS_SERVICE_NAME, POWERTOOLS_LOG_LEVEL… are the library's own. */
export function createPowertoolsLog(): Log {
  const logger = new Logger();
  return {
    info: (message, fields) => logger.info(message, { ...fields }),
    warn: (message, fields) => logger.warn(message, { ...fields }),
    error: (message, fields) => logger.error(message, { ...fields }),
  };
}
