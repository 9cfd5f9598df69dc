import { openLocalAdapters } from './local-adapters.ts';
import { describeWrittenOnce } from './written-once.ts';

describeWrittenOnce(openLocalAdapters);
