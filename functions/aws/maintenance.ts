import { createMaintenanceHandler } from '../maintenance.ts';
import { createMaintenanceDependencies } from './dependencies.ts';

export const handler = createMaintenanceHandler(createMaintenanceDependencies(process.env));
