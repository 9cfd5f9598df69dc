import { inject } from 'vitest';
import { reach } from './reach.ts';

reach(inject('rehearsal').way);
