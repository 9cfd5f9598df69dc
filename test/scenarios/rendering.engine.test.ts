import { openEngineAdapters } from './engine-adapters.ts';
import { describeRendering } from './rendering.ts';

describeRendering(openEngineAdapters);
