import { describeScenarios } from './describe-scenarios.ts';
import { openLocalAdapters } from './local-adapters.ts';

describeScenarios('the service over a folder and SQLite', openLocalAdapters);
