import { describeCapping } from './capping.ts';
import { openEngineAdapters } from './engine-adapters.ts';

describeCapping(openEngineAdapters);
