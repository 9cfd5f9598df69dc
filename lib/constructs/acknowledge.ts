import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Says of one construct why single findings of the policy checks are meant so: finding -> reason. */
export function acknowledge(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  Validations.of(construct).acknowledge(...Object.entries(reasons).map(([id, reason]) => ({ id, reason })));
}
