import { openLocalAdapters } from './local-adapters.ts';
import { describeOwnedRetries } from './owned-retries.ts';

describeOwnedRetries(openLocalAdapters);
