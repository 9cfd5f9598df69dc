import { describeAdopted } from './adopted.ts';
import { openEngineAdapters } from './engine-adapters.ts';

describeAdopted(openEngineAdapters);
