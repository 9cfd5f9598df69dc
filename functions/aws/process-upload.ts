import { renderer } from '../../shared/images/renderer.ts';
import { createProcessUploadHandler } from '../process-upload.ts';
import { createWorkerDependencies } from './dependencies.ts';

export const handler = createProcessUploadHandler(createWorkerDependencies(process.env, renderer));
