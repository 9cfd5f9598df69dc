import { openEngineAdapters } from './engine-adapters.ts';
import { describeOwnedRetries } from './owned-retries.ts';

describeOwnedRetries(openEngineAdapters);
